/**
 * Training in the background.
 *
 * In:    orders of the user
 * Out:   its progress, asked for while it runs
 * Needs: api.ts, @preact/signals
 */

import { computed, signal } from '@preact/signals';
import type { Api, Training, TrainingOrder } from '../api';

const INTERVAL = 1000; // ms
const IDLE: Training = {
  state: 'idle',
  step: '',
  done: 0,
  seconds: 0,
  log: [],
  result: null,
  decision: null,
};

/** The last training. */
export class TrainingRun {
  readonly now = signal<Training>(IDLE);
  readonly isHidden = signal(false);
  readonly isBusy = signal(false); // an order is on its way
  readonly isRunning = computed(() => this.now.value.state === 'running');
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly api: Pick<Api, 'training' | 'order'>,
    readonly onEnd: (now: Training) => void,
  ) {}

  /** Take the server's word, and follow a training that runs. */
  take(now: Training): void {
    const wasRunning = this.isRunning.peek();
    this.now.value = now;
    if (this.isRunning.peek()) this.#follow();
    else if (wasRunning) {
      this.isHidden.value = false;
      this.onEnd(now);
    }
  }

  /** Start, stop, keep or discard. Throws ApiError. */
  async order(order: TrainingOrder): Promise<void> {
    this.isBusy.value = true;
    try {
      this.take(await this.api.order(order));
      if (order === 'start') this.isHidden.value = false;
    } finally {
      this.isBusy.value = false;
    }
  }

  #follow(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        this.take(await this.api.training());
      } catch {
        this.#follow(); // the server is asked again; the page says that it is gone
      }
    }, INTERVAL);
  }
}
