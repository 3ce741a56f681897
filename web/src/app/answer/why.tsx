/**
 * "Why?": the heat map of a kind over the key.
 *
 * In:    a key; the sheet
 * Out:   the key with and without the map, its colour scale, and in words where the evidence is
 * Needs: the engine, core/gradcam.ts
 */

import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { constants, type Point } from '../../core';
import { colourOf } from '../../core/gradcam';
import { formatProbability, t } from '../../words';
import { kindLabel } from '../kinds/kinds';
import type { StoredKey } from '../storage/entries';
import { isWhole } from './describe';
import { bringIntoView } from './into-view';
import type { Sheet } from './sheet';

const RAMP_STEPS = 24; // px between two colours of the scale
const END = 1 / 3; // of the crop's length, at the head and at the tip
const MAX_KINDS = 20; // the most probable ones; a model may have a thousand

interface WhyProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
}

/** What is known about the map: null: it is being computed. */
type Shown = 'map' | 'none' | 'noMaps' | null;

/** The figure. */
export function Why({ sheet, answered }: WhyProps): JSX.Element {
  const first = answered.correction || answered.verdict.best;
  const [choice, setChoice] = useState({ first, kind: first });
  const kind = choice.first === first ? choice.kind : first; // a correction takes the place of what was chosen
  const [isOn, setOn] = useState(true);
  const id = useId();
  const figure = useRef<HTMLElement>(null);
  useEffect(() => {
    if (figure.current) bringIntoView(figure.current);
  }, []);
  const { canvas, shown, where } = useHeatMap(sheet, answered, kind, isOn);
  if (!sheet.isOfModel.value) return <p class="secondary">{t('answer.otherModel')}</p>;
  return (
    <figure class="why evidence" ref={figure}>
      <div class="bar">
        <span class="choice">
          <label for={`${id}-kind`}>{t('answer.evidenceFor')}</label>
          <KindSelect
            id={`${id}-kind`}
            answered={answered}
            value={kind}
            onChange={(chosen) => setChoice({ first, kind: chosen })}
          />
        </span>
        <span class="choice">
          <input
            id={`${id}-map`}
            type="checkbox"
            checked={isOn}
            onChange={() => setOn(!isOn)}
            disabled={shown !== 'map'}
          />
          <label for={`${id}-map`}>{t('answer.heatMap')}</label>
        </span>
      </div>
      <canvas ref={canvas} role="img" aria-label={captionOf(shown, kind, where)} />
      {shown === 'map' ? <ColourScale /> : null}
      <figcaption aria-live="polite">{captionOf(shown, kind, where)}</figcaption>
    </figure>
  );
}

function captionOf(shown: Shown, kind: string, where: string): string {
  const label = kindLabel(kind);
  if (shown === null) return t('answer.computing');
  if (shown === 'none') return t('detail.noEvidence', { kind: label });
  if (shown === 'noMaps') return t('detail.noMaps');
  return [t('detail.evidence', { kind: label }), where].filter(Boolean).join('. ');
}

/** Draw a key with the heat map of a kind; return the canvas, and in words what it shows. */
function useHeatMap(sheet: Sheet, answered: StoredKey, kind: string, isOn: boolean) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [shown, setShown] = useState<Shown>(null);
  const [where, setWhere] = useState('');
  useEffect(() => {
    let isCurrent = true;
    const load = async (): Promise<void> => {
      const map = sheet.isOfModel.value ? await sheet.engine.heatMap(answered, kind) : null;
      const centre = map && (await sheet.engine.evidenceCentre(answered, kind));
      const image = await sheet.engine.keyImage(answered);
      if (isCurrent && canvas.current) {
        draw(isOn && map ? map : image, canvas.current);
        const hasMaps = sheet.app.running.value?.card.maps ?? false;
        setShown(map ? 'map' : hasMaps ? 'none' : 'noMaps');
        setWhere(centre && !isWhole(answered) ? placeText(centre) : '');
      }
      map?.close();
      image.close();
    };
    load().catch((error) => isCurrent && sheet.app.reportError(error));
    return () => {
      isCurrent = false;
    };
  }, [answered, kind, isOn]);
  return { canvas, shown, where };
}

/** Return where the evidence is, in words; the crop has the head on the left. */
function placeText([along]: Point): string {
  if (along < END) return t('answer.strongestHead');
  return t(along > 1 - END ? 'answer.strongestTip' : 'answer.strongestMiddle');
}

function draw(bitmap: ImageBitmap, canvas: HTMLCanvasElement): void {
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
}

interface KindSelectProps {
  readonly id: string;
  readonly answered: StoredKey;
  readonly value: string;
  readonly onChange: (kind: string) => void;
}

function KindSelect({ id, answered, value, onChange }: KindSelectProps): JSX.Element {
  return (
    <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      {answered.verdict.probabilities.slice(0, MAX_KINDS).map(({ kind, probability }) => (
        <option key={kind} value={kind}>
          {t('key.answer', { kind: kindLabel(kind), probability: formatProbability(probability) })}
        </option>
      ))}
    </select>
  );
}

function ColourScale(): JSX.Element {
  const ramp = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = ramp.current?.getContext('2d');
    for (let x = 0; context && x < context.canvas.width; x++) {
      const rgb = colourOf(x / (context.canvas.width - 1)).map(Math.round);
      context.fillStyle = `rgb(${rgb.join()})`;
      context.fillRect(x, 0, 1, 1);
    }
  }, []);
  return (
    <p class="scale">
      {t('detail.low')}
      <canvas ref={ramp} width={constants.gradcam.COLOURS.length * RAMP_STEPS} height={1} />
      {t('detail.high')}
    </p>
  );
}
