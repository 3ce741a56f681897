/**
 * "Looks like / differs from": the two kinds that are nearest, and where to look on this key.
 *
 * In:    a key; the sheet
 * Out:   for each of the two: this key with a ring around the mark, a view of the other kind, the difference in words
 * Needs: kinds/kinds.ts, the engine
 */

import type { JSX } from 'preact';
import { formatProbability, t } from '../../words';
import { kindDifference, kindLabel, kindPage, kindViews, markRegion } from '../kinds/kinds';
import { ViewImage } from '../kinds/picture';
import { Bitmap } from '../parts/bitmap';
import { Sketch } from '../parts/sketch';
import { hashOf } from '../router';
import type { StoredKey } from '../storage/entries';
import { isWhole, kindOf } from './describe';
import type { Sheet } from './sheet';

const OTHERS = 2;

interface CompareProps {
  readonly sheet: Sheet;
  readonly answered: StoredKey;
}

/** The comparison; nothing for kinds without a page. */
export function Compare({ sheet, answered }: CompareProps): JSX.Element | null {
  const kind = kindOf(answered) ?? answered.verdict.best;
  const region = markRegion(kind);
  const others = answered.verdict.probabilities
    .filter((other) => other.kind !== kind && kindDifference(kind, other.kind))
    .slice(0, OTHERS);
  if (isWhole(answered) || !region || others.length === 0) return null;
  return (
    <section class="compare">
      <h3>{t(kindOf(answered) === null ? 'answer.between' : 'answer.similar')}</h3>
      {others.map((other) => (
        <Other key={other.kind} sheet={sheet} answered={answered} kind={kind} {...{ other, region }} />
      ))}
    </section>
  );
}

interface OtherProps extends CompareProps {
  readonly kind: string;
  readonly other: { readonly kind: string; readonly probability: number };
  readonly region: readonly [number, number, number, number];
}

function Other({ sheet, answered, kind, other, region }: OtherProps): JSX.Element {
  const views = kindViews(other.kind);
  const view = views.find(({ shows }) => shows === 'side') ?? views[0];
  const label = t('answer.lookHere', { kind: kindLabel(kind) });
  return (
    <div class="other">
      <div class="pair">
        <figure>
          <span class="ringed">
            <Bitmap
              load={() => sheet.engine.keyImage(answered)}
              of={`${sheet.photoIndex.value} ${answered.box.join()}`}
              label={label}
            />
            <Ring region={region} />
          </span>
          <figcaption>{t('answer.thisKey')}</figcaption>
        </figure>
        <figure>
          <span class="view">
            {view ? <ViewImage url={view.url} alt="" isLazy /> : <Sketch kind={other.kind} />}
          </span>
          <figcaption>
            <a href={hashOf({ view: 'kind', kind: other.kind })}>
              {kindPage(other.kind)?.title ?? kindLabel(other.kind)}
            </a>{' '}
            <span class="secondary">· {formatProbability(other.probability)}</span>
          </figcaption>
        </figure>
      </div>
      <p>{kindDifference(kind, other.kind)}</p>
    </div>
  );
}

/** A ring around a region of a crop, which is 2 wide and 1 high. */
function Ring({ region: [left, top, right, bottom] }: Pick<OtherProps, 'region'>): JSX.Element {
  const ellipse = {
    cx: left + right,
    cy: (top + bottom) / 2,
    rx: right - left,
    ry: (bottom - top) / 2,
  };
  return (
    <svg class="ring" viewBox="0 0 2 1" aria-hidden="true">
      <ellipse class="rim" {...ellipse} />
      <ellipse {...ellipse} />
    </svg>
  );
}
