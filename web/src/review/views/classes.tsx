/**
 * The kinds: a button each, with its key and its probability.
 *
 * In:    a photo; the kind that is suggested
 * Out:   a list of buttons
 * Needs: context.ts
 */

import { Check } from 'lucide';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from '../../parts/icon';
import type { Kind, Photo } from '../api';
import { percent } from '../format';
import { run } from '../state/commands';
import { matching } from '../state/kind-search';
import { kindName, W } from '../words';
import { useDesk } from './context';
import { NewKind } from './new-kind';
import { Keys } from './shortcut';

interface ClassesProps {
  readonly photo: Photo;
  readonly suggested: string | null;
}

/** The list. */
export function Classes({ photo, suggested }: ClassesProps): JSX.Element {
  const desk = useDesk();
  const [text, setText] = useState('');
  const found = matching(desk.review.value?.kinds ?? [], text);
  const draft = desk.draft.value;
  const key = draft ? draft.keys[draft.selected ?? (draft.keys.length === 1 ? 0 : -1)] : null;
  const pressed = draft ? (key?.kind ?? null) : photo.kind;
  const probabilities = photo.prediction?.probabilities ?? null;
  return (
    <div class="classes">
      <h2 id="classes">{W.kinds}</h2>
      <ul aria-labelledby="classes">
        {found.map((kind) => (
          <li key={kind.name}>
            <ClassButton
              kind={kind}
              probability={probabilities?.[kind.name] ?? null}
              isPressed={kind.name === pressed}
              isSuggested={kind.name === suggested}
            />
          </li>
        ))}
      </ul>
      <NewKind
        text={text}
        found={found}
        onText={setText}
        onTake={(kind) => run(desk, { do: 'label', kind })}
      />
      <p class="secondary">{barsText(photo, desk.review.value?.model?.name)}</p>
    </div>
  );
}

/** Return whose probabilities the bars show, or why there are none. */
export function barsText({ prediction, detections }: Photo, model: string | undefined): string {
  if (!prediction && !detections) return W.noModel;
  if (!prediction) return detections?.length ? W.otherKinds : W.nothingFound;
  const source = prediction.source ?? model;
  return source ? W.model(source) : '';
}

interface ClassButtonProps {
  readonly kind: Kind;
  readonly probability: number | null;
  readonly isPressed: boolean;
  readonly isSuggested: boolean;
}

function ClassButton({ kind, probability, isPressed, isSuggested }: ClassButtonProps): JSX.Element {
  const desk = useDesk();
  const { name, shortcut } = kind;
  return (
    <button
      type="button"
      class={`class ${isSuggested ? 'suggested' : ''}`}
      aria-pressed={isPressed}
      aria-keyshortcuts={shortcut ?? undefined}
      onClick={() => run(desk, { do: 'label', kind: name })}
    >
      {shortcut ? <Keys>{shortcut}</Keys> : null}
      {kind.colour ? <span class="swatch" style={{ background: kind.colour }} /> : null}
      <span class="class-name">{kindName(name)}</span>
      {isPressed ? <Icon of={Check} size={16} /> : null}
      {probability === null ? null : (
        <>
          <span class="class-percent">{percent(probability)}</span>
          <span class="bar-track">
            <span class="bar-fill" style={{ inlineSize: `${100 * probability}%`, ...colourOf(kind) }} />
          </span>
        </>
      )}
    </button>
  );
}

function colourOf({ colour }: Kind): { readonly background?: string } {
  return colour ? { background: colour } : {};
}
