/** The columns of counts in the ranking, which a visitor chooses. */
import type { EventCounts } from './api.js';

/** The column with the last milestone's share of the first. */
export const COMPLETION = 'completion';

/** All columns that can be chosen, in their order. */
export function choicesOf(enabled: readonly string[]): string[] {
  return enabled.length > 1 ? [...enabled, COMPLETION] : [...enabled];
}

/** The columns to show: the chosen ones, by default the first milestone and the completion; always that of `ranked`. */
export function shownColumns(
  chosen: readonly string[] | undefined,
  enabled: readonly string[],
  ranked: string,
): string[] {
  const wanted = chosen ?? [enabled[0], COMPLETION];
  const shown = choicesOf(enabled).filter((column) => column === ranked || wanted.includes(column));
  return shown.includes(ranked) ? shown : [ranked];
}

/** `shown` with `column` added, or without it. */
export function toggled(shown: readonly string[], column: string, enabled: readonly string[]): string[] {
  return choicesOf(enabled).filter((each) => shown.includes(each) !== (each === column));
}

/** The last milestone's share of the first; undefined if there were none, or fewer of it. */
export function completionOf(counts: EventCounts, enabled: readonly string[]): number | undefined {
  const first = counts[enabled[0] ?? ''] ?? 0;
  const last = counts[enabled.at(-1) ?? ''] ?? 0;
  return first === 0 || last > first ? undefined : last / first;
}
