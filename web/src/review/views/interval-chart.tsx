/**
 * Scores with their intervals, drawn simply: a point on a bar, on one scale.
 *
 * In:    scores and a difference, each with its 95% interval
 * Out:   SVGs with a text alternative
 * Needs: preact
 */

import type { JSX } from 'preact';
import type { Interval, Score } from '../api';
import { score } from '../format';
import { W } from '../words';

const [WIDTH, ROW, LEFT, RIGHT] = [420, 34, 84, 60]; // px
const ROOM = 0.08; // of the range, left and right

interface Row {
  readonly name: string;
  readonly value: number;
  readonly interval: Interval;
  readonly text: string;
}

interface ScoresProps {
  readonly before: Score | null; // null: there was no model before
  readonly after: Score;
}

/** F1 before and after. */
export function ScoreChart({ before, after }: ScoresProps): JSX.Element {
  const row = (name: string, { f1, interval }: Score): Row => ({
    name,
    value: f1,
    interval,
    text: score(f1),
  });
  const rows = before ? [row(W.before, before), row(W.after, after)] : [row(W.now, after)];
  return <Chart title={W.f1} rows={rows} scale={scaleOf(rows, [])} line={null} />;
}

interface DifferenceProps {
  readonly difference: number;
  readonly interval: Interval;
}

/** The paired difference, and where zero is. */
export function DifferenceChart({ difference, interval }: DifferenceProps): JSX.Element {
  const rows = [{ name: W.difference, value: difference, interval, text: score(difference, true) }];
  return <Chart title={W.difference} rows={rows} scale={scaleOf(rows, [0])} line={0} />;
}

type Scale = (value: number) => number;

function scaleOf(rows: readonly Row[], others: readonly number[]): Scale {
  const values = [...rows.flatMap(({ value, interval }) => [value, ...interval]), ...others];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = ROOM * Math.max(high - low, 0.01);
  const [start, range] = [low - room, high - low + 2 * room];
  return (value) => LEFT + ((value - start) / range) * (WIDTH - LEFT - RIGHT);
}

interface ChartProps {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly scale: Scale;
  readonly line: number | null; // where a line marks a value
}

function Chart({ title, rows, scale, line }: ChartProps): JSX.Element {
  const height = ROW * rows.length;
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={rows.map(rowText).join('; ')}>
        {line === null ? null : <line class="zero" x1={scale(line)} x2={scale(line)} y1={0} y2={height} />}
        {rows.map(({ name, value, interval: [low, high], text }, i) => {
          const y = ROW * (i + 0.5);
          return (
            <g key={name} class={i === rows.length - 1 ? 'now' : ''}>
              <text x={0} y={y + 4}>
                {name}
              </text>
              <line class="interval" x1={scale(low)} x2={scale(high)} y1={y} y2={y} />
              <circle cx={scale(value)} cy={y} r={6} />
              <text x={WIDTH} y={y + 4} text-anchor="end">
                {text}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

function rowText({ name, text, interval: [low, high] }: Row): string {
  return W.chart(name, text, score(low), score(high));
}
