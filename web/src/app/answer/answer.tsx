/**
 * The answer for a photo: the photo at once, then its keys.
 *
 * In:    the id of an answer, of this visit or of the history
 * Out:   a view
 * Needs: answers.ts, outlines.tsx, describe.ts
 */

import './answer.css';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { LIMITS } from '../../core/causes';
import { t } from '../../words';
import type { Answer } from '../answers';
import { useApp } from '../app';
import { announce } from '../notices';
import { Page } from '../parts/page';
import { Sketch } from '../parts/sketch';
import { answerText, countText, detailText, statusOf } from './describe';
import { Outlines } from './outlines';

/** The view. */
export function AnswerView({ id }: { readonly id: number }): JSX.Element {
  const { answers, reportError } = useApp();
  const [answer, setAnswer] = useState<Answer | null | undefined>(undefined); // null: there is none
  useEffect(() => {
    answers.get(id).then(setAnswer).catch(reportError);
  }, [id]);
  if (answer === undefined) return <Page title={t('photo.title')} class="answer" />;
  if (answer === null)
    return (
      <Page title={t('photo.title')} class="answer">
        <p>{t('answer.gone')}</p>
      </Page>
    );
  return <Photo answer={answer} />;
}

function Photo({ answer }: { readonly answer: Answer }): JSX.Element {
  const entry = answer.entry.value;
  const photo = entry?.photos[0];
  const status = answer.status.value;
  const keys = photo?.keys ?? [];
  const summary = photo ? countText(keys, photo.brightness < LIMITS.dark) : '';
  useEffect(() => {
    if (status === 'busy') announce(t('photo.busy'));
    if (status === 'done') announce([summary, ...keys.map((key) => answerText(key))].join('. '));
  }, [status]);
  return (
    <Page title={t('photo.title')} class="answer">
      <div class="photo" aria-busy={status === 'busy'}>
        <img src={answer.url.value} alt={t('photo.image')} />
        {photo ? <Outlines size={photo} keys={keys} /> : null}
        {status === 'busy' ? <span class="spinner" /> : null}
      </div>
      {status === 'failed' ? <p role="alert">{answer.problem.value}</p> : null}
      <p class="count">{summary}</p>
      <ol class="keys">
        {keys.map((key, i) => (
          <li key={i} class={`card entry ${statusOf(key)}`}>
            <strong>{answerText(key)}</strong>
            <span class="secondary">{detailText(key)}</span>
            {key.verdict.kind ? <Sketch kind={key.verdict.kind} /> : null}
          </li>
        ))}
      </ol>
    </Page>
  );
}
