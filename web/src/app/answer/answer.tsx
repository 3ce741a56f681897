/**
 * The answer for a photo: the photo at once, then its keys.
 *
 * In:    the id of an answer, of this visit or of the history
 * Out:   a view
 * Needs: answers.ts, sheet.ts, stage.tsx, card.tsx
 */

import './answer.css';
import '../../viewer/ends.css';
import './marking.css';
import './cards.css';
import './wrong.css';
import './why.css';
import './compare.css';
import './numbers.css';
import './others.css';
import './strip.css';
import './actions.css';
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { LIMITS } from '../../core/causes';
import { boundsOf } from '../../core/overlap';
import { announce } from '../../notices';
import { t } from '../../words';
import type { Answer } from '../answers';
import { useApp } from '../app';
import { errorText } from '../error-text';
import { DeadEnd } from '../parts/dead-end';
import { Page } from '../parts/page';
import { isBlocked } from '../storage/database';
import type { StoredKey } from '../storage/entries';
import { keepsHistory } from '../storage/settings';
import { HeaderActions, PhotoActions } from './actions';
import { KeyCard } from './card';
import { certaintyText } from './certainty';
import { idOf, numberOf } from './changes';
import { countText, headingText } from './describe';
import { InstallCard } from './install-card';
import { Others } from './others';
import { Sheet } from './sheet';
import { Stage } from './stage';
import { Strip } from './strip';

/** The view. */
export function AnswerView({ id }: { readonly id: number }): JSX.Element {
  const { answers } = useApp();
  const [answer, setAnswer] = useState<Answer | null | undefined>(undefined); // null: there is none
  const [problem, setProblem] = useState(''); // such as a file that is gone, of an answer that is not stored
  useEffect(() => {
    answers.get(id).then(setAnswer, (error: unknown) => {
      setProblem(errorText(error));
      setAnswer(null);
    });
  }, [id, isBlocked.value]);
  if (answer === undefined) return <Page title={t('photo.title')} class="answer" />;
  if (answer === null)
    return (
      <Page title={t('photo.title')} class="answer" up={{ view: 'history' }}>
        <DeadEnd
          text={problem || t(keepsHistory.value ? 'answer.gone' : 'answer.goneOff')}
          ways={['history', 'camera']}
        />
      </Page>
    );
  return <AnswerPage answer={answer} />;
}

function AnswerPage({ answer }: { readonly answer: Answer }): JSX.Element {
  const app = useApp();
  const sheet = useMemo(() => new Sheet(app, answer), [answer]);
  const status = answer.status.value;
  useEffect(() => announceStatus(sheet), [status]);
  const tapped = app.tapped.value;
  useEffect(() => openTapped(sheet), [status, tapped]);
  return (
    <Page
      title={titleOf(sheet)}
      class={`answer ${sheet.mode.value}`}
      up={{ view: 'history' }}
      actions={status === 'done' ? <HeaderActions sheet={sheet} /> : null}
    >
      <div class="answer-body">
        <div class="pane">
          <Stage
            sheet={sheet}
            url={usePhotoUrl(sheet)}
            isBusy={status === 'busy'}
            onSelect={(key) => sheet.focusOn(idOf(key))}
          />
        </div>
        <div class="sheet" aria-busy={status === 'busy'}>
          {status === 'busy' ? <Waiting /> : null}
          {status === 'failed' ? (
            <p class="failure" role="alert">
              {answer.problem.value}
            </p>
          ) : null}
          {status === 'done' ? <Cards sheet={sheet} /> : null}
          {status === 'busy' ? null : <PhotoActions sheet={sheet} />}
          {status === 'done' ? <InstallCard /> : null}
        </div>
      </div>
    </Page>
  );
}

/** What holds the cards' place until they are there. */
function Waiting(): JSX.Element {
  return (
    <div class="pending" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

function Cards({ sheet }: { readonly sheet: Sheet }): JSX.Element {
  const keys = sheet.keys.value;
  const isDark = (sheet.photo.value?.brightness ?? 1) < LIMITS.dark;
  return (
    <>
      <NotKept answer={sheet.answer} />
      <Strip sheet={sheet} />
      {keys.length === 0 ? (
        <div class="card nothing">
          <p>{t(isDark ? 'answer.nothingDark' : 'answer.nothing')}</p>
        </div>
      ) : null}
      <ol class="keys">
        {keys.map((key, i) => (
          <KeyCard
            key={`${sheet.photoIndex.value} ${idOf(key)}`}
            sheet={sheet}
            answered={key}
            number={numberOf(keys, i)}
            isOnly={keys.length === 1}
          />
        ))}
      </ol>
      <Others sheet={sheet} />
    </>
  );
}

/** Says that an answer will not be there after this visit, and why. */
function NotKept({ answer }: { readonly answer: Answer }): JSX.Element | null {
  if (answer.isStored.value) return null;
  return <p class="not-kept">{t(keepsHistory.value ? 'answer.notKept' : 'answer.historyOff')}</p>;
}

/** Select the key that was tapped in the camera's picture, or that another photo was added to. */
function openTapped(sheet: Sheet): void {
  const { app, answer, photo, keys } = sheet;
  const tapped = app.tapped.value;
  if (answer.status.value !== 'done' || !photo.value || tapped?.id !== answer.id) return;
  app.tapped.value = null;
  const at = [tapped.at[0] * photo.value.width, tapped.at[1] * photo.value.height] as const;
  const distance = ({ box }: StoredKey): number => {
    const { x, y, width, height } = boundsOf(box);
    return Math.hypot(x + width / 2 - at[0], y + height / 2 - at[1]);
  };
  const [nearest] = [...keys.value].sort((one, other) => distance(one) - distance(other));
  if (nearest) sheet.focusOn(idOf(nearest));
}

function titleOf({ answer, photo }: Sheet): string {
  const status = answer.status.value;
  if (status === 'busy') return t('photo.busy');
  if (status === 'failed' || !photo.value) return t('photo.title');
  return countText(photo.value.keys, photo.value.brightness < LIMITS.dark) || t('photo.title');
}

/** Announce the answers in reading order. */
function announceStatus({ app, answer, photo, keys }: Sheet): void {
  if (answer.status.value === 'busy') announce(t('photo.busy'));
  if (answer.status.value !== 'done' || !photo.value) return;
  const isAdded = (answer.entry.value?.photos.length ?? 1) > 1 && app.tapped.value?.id === answer.id;
  if (isAdded) return; // what the added photo changed is being announced
  const summary = countText(photo.value.keys, photo.value.brightness < LIMITS.dark);
  const answers = keys.value.map((key, i) => {
    const number = numberOf(keys.value, i);
    const certainty = key.verdict.kind === null ? '' : `, ${certaintyText(key.verdict.probability)}`;
    return `${number === null ? '' : `${t('key.title', { n: number })}: `}${headingText(key)}${certainty}`;
  });
  announce([summary, ...answers].filter(Boolean).join('. '));
}

/** Return the address of the photo that is shown; its memory is released with the view. */
function usePhotoUrl({ answer, photoIndex, photo }: Sheet): string {
  const [url, setUrl] = useState('');
  const blob = photoIndex.value > 0 ? photo.value?.photo : undefined;
  useEffect(() => {
    if (!blob) return;
    const created = URL.createObjectURL(blob);
    setUrl(created);
    return () => URL.revokeObjectURL(created);
  }, [blob]);
  return blob ? url : answer.url.value;
}
