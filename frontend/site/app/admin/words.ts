/** Numbers, days and times in the format of the viewer's locale. */
import type { Day } from './days.js';

const { languages } = navigator;
const numbers = new Intl.NumberFormat(languages);
const shares = new Intl.NumberFormat(languages, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const roughShares = new Intl.NumberFormat(languages, { style: 'percent', maximumSignificantDigits: 2 });
const changes = new Intl.NumberFormat(languages, { style: 'percent', signDisplay: 'exceptZero' });
const days = new Intl.DateTimeFormat(languages, { dateStyle: 'medium', timeZone: 'UTC' });
const months = new Intl.DateTimeFormat(languages, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const times = new Intl.DateTimeFormat(languages, { timeStyle: 'medium' });

/** "1,204" */
export function number(count: number): string {
  return numbers.format(count);
}

/** "1,204 views"; "1 view" */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** "12.3%" */
export function share(part: number, whole: number): string {
  return shares.format(whole === 0 ? 0 : part / whole);
}

/** "41%"; "4.1%" */
export function roughly(part: number): string {
  return roughShares.format(part);
}

/** "+12%": how much more `now` is than `before`, which is not 0. */
export function change(before: number, now: number): string {
  return changes.format(now / before - 1);
}

/** "Nov 3, 2026" */
export function day(day: Day): string {
  return days.format(Date.parse(day));
}

/** "November 2026" */
export function month(day: Day): string {
  return months.format(Date.parse(day));
}

/** "2:03:12 PM", in the viewer's time zone; `at` is in ms since 1970. */
export function time(at: number): string {
  return times.format(at);
}

/** A rough duration: "12 s", "3 min", "2 h", "5 days". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${number(Math.floor(seconds))} s`;
  if (seconds < 3600) return `${number(Math.floor(seconds / 60))} min`;
  if (seconds < 2 * 86_400) return `${number(Math.floor(seconds / 3600))} h`;
  return `${number(Math.floor(seconds / 86_400))} days`;
}
