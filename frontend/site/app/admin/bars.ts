/** The bars of a chart, one per day if there is room, else per week or month; and the chart's scale. */
import { type Day, addDays } from './days.js';
import { day as dayInWords, month as monthInWords } from './words.js';

export type Unit = 'day' | 'week' | 'month';

/** A count of a day; of a bar, `day` is the first one of its day, week or month. */
export interface Bar {
  day: Day;
  count: number;
}

export interface Bars {
  unit: Unit;
  bars: Bar[];
}

const MOST_DAYS = 120;
const MOST_DAYS_IN_WEEKS = 840;

/** The bars of a series of days without gaps. */
export function barsOf(days: readonly Bar[]): Bars {
  const unit = days.length <= MOST_DAYS ? 'day' : days.length <= MOST_DAYS_IN_WEEKS ? 'week' : 'month';
  const counts = new Map<Day, number>();
  for (const { day, count } of days) {
    const first = firstDayOf(unit, day);
    counts.set(first, (counts.get(first) ?? 0) + count);
  }
  return { unit, bars: Array.from(counts, ([day, count]) => ({ day, count })) };
}

/** What a bar stands for: "Nov 3, 2026", "Week of Nov 2, 2026", "November 2026". */
export function nameOf(unit: Unit, day: Day): string {
  switch (unit) {
    case 'day':
      return dayInWords(day);
    case 'week':
      return `Week of ${dayInWords(day)}`;
    case 'month':
      return monthInWords(day);
    default:
      return unit satisfies never;
  }
}

/** The lines of a scale from 0 to at least `most`: 3 to 5 round integers at equal distances. */
export function scaleOf(most: number): number[] {
  const rough = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const lines = Math.ceil(Math.max(1, most) / step);
  return Array.from({ length: lines + 1 }, (_, index) => index * step);
}

function firstDayOf(unit: Unit, day: Day): Day {
  switch (unit) {
    case 'day':
      return day;
    case 'week':
      return addDays(day, -((new Date(day).getUTCDay() + 6) % 7)); // Weeks begin on Mondays.
    case 'month':
      return `${day.slice(0, 8)}01`;
    default:
      return unit satisfies never;
  }
}
