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

  /** Search for a text, and return what is found; null: no answer. `found` is of the text that was asked for last. */
  async ask(text: string): Promise<Found | null> {
    const asked = ++this.#asked;
    let found: Found | null = null;
    await this.connection.reading(async () => {
      found = await this.api.search(text);
      if (asked !== this.#asked) return;
      this.found.value = found;
      await this.photos.ensure(found.photos.map(({ photo }) => photo));
    });
    return found;
  }
}
