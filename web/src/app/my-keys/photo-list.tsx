/**
 * The photos that a key is learnt from, and adding more.
 *
 * In:    photos; what to do with new ones
 * Out:   a list with buttons
 * Needs: learning.ts, incoming.ts
 */

import { Camera, ImagePlus, KeyRound, X } from 'lucide';
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { MAX_PHOTOS, MIN_PHOTOS } from '../../core/prototypes';
import { announce } from '../../notices';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import { useApp } from '../app';
import { errorText } from '../error-text';
import { chooseFiles } from '../incoming';
import { sketchSource } from '../kinds/kinds';
import { BlobImage } from '../parts/blob-image';
import { Sketch } from '../parts/sketch';
import type { MyPhoto } from '../storage/my-keys';
import { LearnError, type Learnt, learnFrom } from './learning';

interface PhotoListProps {
  readonly photos: readonly MyPhoto[];
  readonly kind: string | null;
  readonly onAdd: (learnt: Learnt) => void;
  readonly onRemove: (index: number) => void;
}

/** The list. */
export function PhotoList({ photos, kind, onAdd, onRemove }: PhotoListProps): JSX.Element {
  const { running } = useApp();
  const { busy, problems, room, add } = useLearning(photos.length, onAdd);
  return (
    <>
      <ul class="learnt">
        {photos.map((photo, i) => (
          <Photo key={photo.features} photo={photo} n={i + 1} kind={kind} onRemove={() => onRemove(i)} />
        ))}
        {Array.from({ length: busy }, (_, i) => (
          <li key={`busy-${i}`} class="slot">
            <span class="spinner" />
          </li>
        ))}
        {Array.from({ length: Math.max(MIN_PHOTOS - photos.length - busy, 0) }, (_, i) => (
          <li key={`empty-${i}`} class="slot" aria-hidden="true" />
        ))}
      </ul>
      <p role="status">{progressText(photos.length)}</p>
      {problems.map((problem) => (
        <p key={problem} role="alert" class="failed">
          {problem}
        </p>
      ))}
      {room > 0 ? <AddButtons onFiles={(files) => void add(files)} isReady={running.value !== null} /> : null}
    </>
  );
}

/** What is being learnt, what could not be, and how many photos there is room for. */
interface Learning {
  readonly busy: number; // photos that are being processed
  readonly problems: readonly string[];
  readonly room: number;
  readonly add: (files: readonly File[]) => Promise<void>;
}

function useLearning(count: number, onAdd: (learnt: Learnt) => void): Learning {
  const { running } = useApp();
  const [busy, setBusy] = useState(0);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const room = MAX_PHOTOS - count - busy;
  const add = async (files: readonly File[]): Promise<void> => {
    setProblems([]);
    const model = running.value;
    if (!model) return;
    const taken = files.slice(0, room);
    const left = files.length - taken.length;
    if (left) setProblems([t('myKeys.tooMany', { max: MAX_PHOTOS, n: left })]);
    setBusy(taken.length);
    for (const file of taken) {
      try {
        onAdd(await learnFrom(file, model));
      } catch (error) {
        const problem = `${file.name}: ${problemText(error)}`;
        setProblems((before) => [...before, problem]);
      }
      setBusy((now) => now - 1);
    }
    announce(progressText(count));
  };
  return { busy, problems, room, add };
}

interface PhotoProps {
  readonly photo: MyPhoto;
  readonly n: number;
  readonly kind: string | null;
  readonly onRemove: () => void;
}

function Photo({ photo, n, kind, onRemove }: PhotoProps): JSX.Element {
  return (
    <li>
      {photo.photo ? (
        <BlobImage blob={photo.photo} alt={t('myKeys.photo', { n })} />
      ) : (
        <Placeholder kind={kind} />
      )}
      <button
        type="button"
        class="icon-button"
        aria-label={t('myKeys.removePhoto', { n })}
        onClick={onRemove}
      >
        <Icon of={X} size={20} />
      </button>
    </li>
  );
}

function AddButtons(props: {
  readonly onFiles: (files: File[]) => void;
  readonly isReady: boolean;
}): JSX.Element {
  const { onFiles, isReady } = props;
  const id = useId();
  const why = { disabled: !isReady, 'aria-describedby': isReady ? undefined : id };
  return (
    <>
      <div class="bar pair-of-buttons">
        <button type="button" {...why} onClick={() => chooseFiles('camera', false, onFiles)}>
          <Icon of={Camera} size={20} />
          {t('myKeys.take')}
        </button>
        <button type="button" {...why} onClick={() => chooseFiles('photo', true, onFiles)}>
          <Icon of={ImagePlus} size={20} />
          {t('myKeys.choose')}
        </button>
      </div>
      {isReady ? null : (
        <p class="secondary" id={id}>
          {t('myKeys.needsModel')}
        </p>
      )}
    </>
  );
}

/** What stands for a photo that is not on this device. */
export function Placeholder({ kind }: { readonly kind: string | null }): JSX.Element {
  return (
    <span class="image-placeholder">
      {kind && sketchSource(kind) ? <Sketch kind={kind} /> : <Icon of={KeyRound} size={28} />}
    </span>
  );
}

function progressText(count: number): string {
  return t('myKeys.progress', { n: count, min: MIN_PHOTOS, max: MAX_PHOTOS });
}

function problemText(error: unknown): string {
  return error instanceof LearnError ? t(`myKeys.${error.problem}`) : errorText(error);
}
