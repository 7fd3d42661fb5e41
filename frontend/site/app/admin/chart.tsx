import { type KeyboardEvent, type PointerEvent, useMemo, useState } from 'react';

import type { DayCount } from './api.js';
import { type Bar, type Unit, barsOf, nameOf, scaleOf } from './bars.js';
import { type EventWords, countedAs } from './event-words.js';
import { number } from './words.js';

/** The largest width of a bar. */
const MOST_REM = 8;

export interface ChartProps {
  days: readonly DayCount[];
  /** Which of their counts to show, and how to speak of them. */
  event: string;
  words: EventWords;
}

/** The counts by day. Point at a bar, or use the arrow keys, to read its value. */
export function Chart({ days, event, words }: ChartProps) {
  const { unit, bars } = useMemo(
    () => barsOf(days.map(({ day, counts }) => ({ day, count: counts[event] ?? 0 }))),
    [days, event],
  );
  const scale = useMemo(() => scaleOf(Math.max(0, ...bars.map((bar) => bar.count))), [bars]);
  const [read, setRead] = useState<number>();
  const last = bars.length - 1;
  const at = Math.min(read ?? last, last);
  const bar = bars[at];
  const first = bars[0];
  if (!bar || !first) return <p className="chart-empty">Nothing to draw yet.</p>;

  const readAt = (index: number): void => {
    setRead(Math.min(last, Math.max(0, index)));
  };
  const point = (event: PointerEvent): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    readAt(Math.floor(((event.clientX - left) / width) * bars.length));
  };
  const press = (event: KeyboardEvent): void => {
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    readAt(to);
  };
  const rest = (): void => {
    setRead(undefined);
  };
  // Do not stretch a few bars over the whole width.
  const room = { maxWidth: `${bars.length * MOST_REM}rem` };
  return (
    <div className="chart">
      <Scale lines={scale} />
      <div
        className="plot"
        style={room}
        role="slider"
        tabIndex={0}
        aria-label={`${words.title} per ${unit}`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at}
        aria-valuetext={inWords(unit, bar, words)}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={rest}
        onKeyDown={press}
        onFocus={(event) => {
          if (event.currentTarget.matches(':focus-visible')) setRead(at);
        }}
        onBlur={rest}
      >
        <Columns bars={bars} top={scale.at(-1) ?? 1} read={read === undefined ? undefined : at} />
        {read !== undefined && <Tooltip share={(at + 0.5) / bars.length}>{inWords(unit, bar, words)}</Tooltip>}
      </div>
      <p className="chart-ends" style={room} aria-hidden="true">
        <span>{nameOf(unit, first.day)}</span>
        {last > 0 && <span>{nameOf(unit, bars[last]?.day ?? first.day)}</span>}
      </p>
    </div>
  );
}

function inWords(unit: Unit, { day, count }: Bar, words: EventWords): string {
  return `${nameOf(unit, day)}: ${countedAs(count, words)}`;
}

function Scale({ lines }: { lines: readonly number[] }) {
  const top = lines.at(-1) ?? 1;
  return (
    <div className="scale" aria-hidden="true">
      {lines.map((line) => (
        <span key={line} style={{ bottom: `${(line / top) * 100}%` }}>
          <b>{number(line)}</b>
        </span>
      ))}
    </div>
  );
}

function Columns({ bars, top, read }: { bars: readonly Bar[]; top: number; read: number | undefined }) {
  // The share of a column's width that its bar takes.
  const width = bars.length > 60 ? 0.85 : 0.72;
  return (
    <svg viewBox={`0 0 ${bars.length} ${top}`} preserveAspectRatio="none" aria-hidden="true">
      {read !== undefined && <rect className="read" x={read} y={0} width={1} height={top} />}
      {bars.map(({ day, count }, index) => (
        <rect key={day} x={index + (1 - width) / 2} y={top - count} width={width} height={count} />
      ))}
    </svg>
  );
}

function Tooltip({ share, children }: { share: number; children: string }) {
  const along = `${share * 100}%`;
  return (
    <span className="tooltip" style={{ left: along, translate: `-${along} 0` }}>
      {children}
    </span>
  );
}
