/**
 * The numbers behind an answer, unfolded on demand.
 *
 * In:    a key
 * Out:   the probability of each kind; the measurements and their limits
 * Needs: core/causes.ts
 */

import type { JSX } from 'preact';
import { CAUSES, type Cause, LIMITS, MAXIMUMS } from '../../core/causes';
import { formatNumber, formatProbability, t } from '../../words';
import { kindHint, kindLabel } from '../kinds/kinds';
import { Sketch } from '../parts/sketch';
import type { StoredKey } from '../storage/entries';

const DIGITS: Readonly<Partial<Record<Cause, number>>> = { small: 0, blurred: 4 }; // else 2
const MAX_KINDS = 20; // the most probable ones; a model may have a thousand

interface NumbersProps {
  readonly answered: Pick<StoredKey, 'verdict' | 'measurements' | 'causes'>;
}

/** All kinds with their probabilities. */
export function Probabilities({ answered }: NumbersProps): JSX.Element {
  return (
    <details class="probabilities">
      <summary>{t('detail.kinds')}</summary>
      <ul class="kinds">
        {answered.verdict.probabilities.slice(0, MAX_KINDS).map(({ kind, probability }) => (
          <li key={kind} class="kind">
            <Sketch kind={kind} />
            <span class="kind-row">
              <span class="kind-name">
                <strong>{kindLabel(kind)}</strong>
                <span>{formatProbability(probability)}</span>
              </span>
              <span class="bar-track" aria-hidden="true">
                <span class="bar-fill" style={{ inlineSize: `${100 * probability}%` }} />
              </span>
              {kindHint(kind) ? <span class="secondary">{kindHint(kind)}</span> : null}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The measurements and their limits, which are of keys. */
export function Measurements({ answered: { measurements, causes } }: NumbersProps): JSX.Element {
  const headings = ['measure.name', 'measure.value', 'measure.limit'] as const;
  return (
    <details class="measurements">
      <summary>{t('measure.title')}</summary>
      <table>
        <thead>
          <tr>
            {headings.map((message) => (
              <th key={message} scope="col">
                {t(message)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {CAUSES.filter((cause) => measurements[cause] !== null).map((cause) => (
            <tr key={cause} class={causes.includes(cause) ? 'beyond' : ''}>
              <th scope="row">{t(`measure.${cause}`)}</th>
              <td>{formatNumber(measurements[cause] ?? 0, DIGITS[cause] ?? 2)}</td>
              <td>{limitText(cause)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function limitText(cause: Cause): string {
  const value = formatNumber(LIMITS[cause], DIGITS[cause] ?? 2);
  return t(MAXIMUMS.has(cause) ? 'measure.atMost' : 'measure.atLeast', { value });
}
