/**
 * Photos and physical keys by what is typed.
 *
 * In:    a text
 * Out:   what the server finds for the latest text
 * Needs: api.ts, connection.ts, @preact/signals
 */

import { signal } from '@preact/signals';
import type { Api, Found } from '../api';
import type { Connection } from './connection';
import type { Photos } from './photos';

/** A search. */
export class NameSearch {
  readonly found = signal<Found | null>(null); // null: no answer yet
  #asked = 0;

  constructor(
    readonly api: Pick<Api, 'search'>,
    readonly connection: Connection,
    readonly photos: Photos,
  ) {}

  /** Search for a text; the answer to an earlier one is dropped. */
  async ask(text: string): Promise<void> {
    const asked = ++this.#asked;
    await this.connection.reading(async () => {
      const found = await this.api.search(text);
      if (asked !== this.#asked) return;
      this.found.value = found;
      await this.photos.ensure(found.photos.map(({ photo }) => photo));
    });
  }
}
