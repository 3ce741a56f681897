/**
 * "Add another photo of this key": camera or file; the answer is then of all its photos.
 *
 * In:    a key; the sheet
 * Out:   buttons; a photo without the key is refused with a text
 * Needs: adding.ts
 */

import { Camera, ImagePlus } from 'lucide';
import type { JSX, RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import { t } from '../../words';
import type { StoredKey } from '../storage/entries';
import { addPhotoOf } from './adding';
import { isKey } from './describe';
import type { Sheet } from './sheet';

interface AddPhotoProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
  readonly isMain?: boolean; // whether this is the one thing to do
}

/** The buttons. */
export function AddPhoto({ sheet, answered, isMain }: AddPhotoProps): JSX.Element | null {
  const [state, setState] = useState<'idle' | 'busy'>('idle');
  const [problem, setProblem] = useState('');
  const chooser = useRef<HTMLButtonElement>(null);
  if (!sheet.isOfModel.value || !isKey(answered)) return null;
  const add = async (file: Blob): Promise<void> => {
    setState('busy');
    const refusal = await addPhotoOf(sheet, answered, file);
    setProblem(refusal);
    setState('idle');
    if (refusal) requestAnimationFrame(() => chooser.current?.focus()); // it lost the focus while it was disabled
  };
  const name = t(isMain ? 'answer.again' : 'answer.addPhoto');
  return (
    <div class="add-photo">
      <div class="bar">
        <button
          type="button"
          class={isMain ? 'main' : ''}
          disabled={state === 'busy'}
          onClick={() => sheet.takeAnother(answered)}
        >
          <Icon of={Camera} size={20} />
          {state === 'busy' ? t('answer.adding') : name}
        </button>
        <FileButton chooser={chooser} isBusy={state === 'busy'} onFile={(file) => void add(file)} />
      </div>
      {problem ? (
        <p class="problem" role="alert">
          {problem}
        </p>
      ) : null}
    </div>
  );
}

interface FileButtonProps {
  readonly chooser: RefObject<HTMLButtonElement | null>;
  readonly isBusy: boolean;
  readonly onFile: (file: File) => void;
}

function FileButton({ chooser, isBusy, onFile }: FileButtonProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        ref={chooser}
        class="icon-button framed"
        disabled={isBusy}
        aria-label={t('answer.addFile')}
        onClick={() => input.current?.click()}
      >
        <Icon of={ImagePlus} size={20} />
      </button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        class="add-input"
        hidden
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          currentTarget.value = '';
          if (file) onFile(file);
        }}
      />
    </>
  );
}
