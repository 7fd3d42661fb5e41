/** How far the viewers of a typical video get: the median of the most watched ones. */
import type { Place } from './api.js';

/** How many videos the page asks for. */
export const MOST_WATCHED = 100;

/** For each milestone the share of the first one, up to 1; undefined if no video has one. */
export type Medians = Readonly<Partial<Record<string, number>>>;

/** The medians of the shares of these videos. A share above 1 is none: the range cuts through viewings. */
export function mediansOf(videos: readonly Place[], enabled: readonly string[]): Medians {
  const first = enabled[0] ?? '';
  return Object.fromEntries(
    enabled.map((event) => {
      const shares = videos.map(({ counts }) => (counts[event] ?? 0) / (counts[first] ?? 0));
      return [event, median(shares.filter((share) => share <= 1))];
    }),
  );
}

function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
