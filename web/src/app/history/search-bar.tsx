/**
 * The search of the history: a field, and a button for each thing that photos show.
 *
 * In:    summaries
 * Out:   what is chosen and typed, in state.ts
 * Needs: search.ts, labels.ts
 */

import { Search, X } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { formatNumber, t } from '../../words';
import type { Summary } from '../storage/summary';
import { facetLabel } from './labels';
import { countFacets } from './search';
import { chosen, typed } from './state';

/** The search. */
export function SearchBar({ all }: { readonly all: readonly Summary[] }): JSX.Element {
  return (
    <search class="search">
      <div class="field">
        <Icon of={Search} size={20} />
        <input
          type="search"
          aria-label={t('history.search')}
          placeholder={t('history.search')}
          enterKeyHint="search"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </div>
      <div class="facets">
        {chosen.value.size ? (
          <button type="button" class="facet" onClick={() => (chosen.value = new Set())}>
            <Icon of={X} size={16} />
            {t('history.all')}
          </button>
        ) : null}
        {countFacets(all).map(({ id, facet, count }) => (
          <button
            key={id}
            type="button"
            class="facet"
            aria-pressed={chosen.value.has(id)}
            onClick={() => toggle(id)}
          >
            {facetLabel(facet)}
            <span class="secondary">{formatNumber(count, 0)}</span>
          </button>
        ))}
      </div>
    </search>
  );
}

function toggle(id: string): void {
  const ids = new Set(chosen.value);
  if (!ids.delete(id)) ids.add(id);
  chosen.value = ids;
}
