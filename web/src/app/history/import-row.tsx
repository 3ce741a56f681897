/**
 * One photo of an import.
 *
 * In:    its state
 * Out:   a row of a list
 * Needs: importing.ts, labels.ts
 */

import { ChevronRight, CircleAlert, CircleSlash, Clock } from 'lucide';
import type { JSX } from 'preact';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { hashOf } from '../router';
import type { Entry } from '../storage/entries';
import { summaryOf } from '../storage/summary';
import type { ImportItem, ItemState } from './importing';
import { answersText, statusOfPhoto } from './labels';
import { Thumbnail } from './thumbnail';

/** The row. */
export function ImportRow({ item }: { readonly item: ImportItem }): JSX.Element {
  const state = item.state.value;
  if (state.entry) return <DoneRow name={item.name} entry={state.entry} />;
  return (
    <li class={`card photo-row ${state.status}`}>
      <span class="picture">
        <StatusIcon state={state} />
      </span>
      <span class="texts">
        <strong>{state.problem ? t('import.failed') : t(`import.${waitingStatus(state)}`)}</strong>
        {state.problem ? <span>{state.problem}</span> : null}
        <span class="secondary name">{item.name}</span>
      </span>
    </li>
  );
}

function DoneRow({ name, entry }: { readonly name: string; readonly entry: Entry }): JSX.Element {
  const summary = summaryOf(entry);
  const thumbnail = entry.photos[0]?.thumbnail;
  return (
    <li>
      <a class={`card photo-row ${statusOfPhoto(summary)}`} href={hashOf({ view: 'answer', id: entry.id })}>
        <span class="picture">
          <Thumbnail id={entry.id} {...(thumbnail ? { blob: thumbnail } : {})} />
        </span>
        <span class="texts">
          <strong class="answer">{answersText(summary)}</strong>
          <span class="secondary name">{name}</span>
        </span>
        <Icon of={ChevronRight} />
      </a>
    </li>
  );
}

function StatusIcon({ state }: { readonly state: ItemState }): JSX.Element {
  if (state.status === 'working') return <span class="spinner" />;
  if (state.status === 'failed') return <Icon of={CircleAlert} />;
  return <Icon of={state.status === 'waiting' ? Clock : CircleSlash} />;
}

function waitingStatus({ status }: ItemState): 'working' | 'waiting' | 'unread' {
  return status === 'working' || status === 'waiting' ? status : 'unread';
}
