/** UTC days, in the API's format. */

/** A UTC day, `YYYY-MM-DD`. */
export type Day = string;

const DAY_MS = 86_400_000;

/** The UTC day of a time in ms since 1970. */
export function dayOf(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The day `count` days later, or earlier if `count` is negative. */
export function addDays(day: Day, count: number): Day {
  return dayOf(Date.parse(day) + count * DAY_MS);
}

/** The number of days from `since` up to but not including `until`. */
export function daysBetween(since: Day, until: Day): number {
  return (Date.parse(until) - Date.parse(since)) / DAY_MS;
}

/** Whether `text` is a day that the API accepts. */
export function isDay(text: string | null): text is Day {
  if (text === null || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(text);
  return ms >= 0 && dayOf(ms) === text;
}
