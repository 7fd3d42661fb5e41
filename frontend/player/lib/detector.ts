/**
 * Decides when half of a video has been watched. Pure: it knows seconds, not elements.
 */

/** Seconds of the video, from `start` to `end`. */
export type Range = readonly [start: number, end: number];

/**
 * What "watched past the half" asks for.
 *
 * - `reached`: playing went on for a moment beyond the middle, however the viewer came there.
 * - `watched`: more than half of the video's seconds were played, each second counted once.
 */
export type Measure = 'reached' | 'watched';

/** One playback session: remembers what was played, and says once that the half is passed. */
export interface PlaybackSession {
  /** Whether this session has had its one report. */
  readonly reported: boolean;
  /**
   * Adds what an element says it played, and returns true the one time that this passes the half.
   *
   * The ranges of several elements, and of one element before and after it loaded another rendition, add up.
   */
  observe(played: readonly Range[], duration: number, measure: Measure): boolean;
}

/** Begins a playback session in which nothing was played yet. */
export function createPlaybackSession(): PlaybackSession {
  let seen: readonly Range[] = [];
  let reported = false;
  return {
    get reported() {
      return reported;
    },
    observe(played, duration, measure) {
      if (reported) return false;
      seen = union([...seen, ...played]);
      reported = hasCrossed(seen, duration, measure);
      return reported;
    },
  };
}

/**
 * Tells whether the played ranges pass the half of a video that lasts `duration` seconds.
 *
 * `played` must be disjoint, as `union` makes it. A duration that is unknown (NaN) or without end (live) has no half.
 */
export function hasCrossed(played: readonly Range[], duration: number, measure: Measure): boolean {
  if (!(duration > 0 && duration < Infinity)) return false;
  const half = duration / 2;
  switch (measure) {
    case 'reached':
      return played.some(([start, end]) => end - Math.max(start, half) >= reachBeyondHalf(duration));
    case 'watched':
      return played.reduce((seconds, [start, end]) => seconds + end - start, 0) > half;
    default:
      return measure satisfies never;
  }
}

/** Whether playing up to `currentTime` can pass the half. Needs no played ranges, so it may be asked often. */
export function canCross(currentTime: number, duration: number, measure: Measure): boolean {
  return measure !== 'reached' || !(currentTime <= duration / 2); // An unknown duration rules nothing out.
}

/**
 * How long playing must go on beyond the middle, in seconds.
 *
 * One stretch has to be that long: dragging the playhead of a playing video leaves many stretches, each shorter.
 */
export function reachBeyondHalf(duration: number): number {
  return Math.min(0.25, duration * 0.02);
}

/** The same seconds in order, each once. */
export function union(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], end)];
    else if (end > start) merged.push([start, end]);
  }
  return merged;
}

/** The seconds of `ranges` that are not in `taken`; both in order and disjoint. */
export function minus(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  return taken.reduce<Range[]>(
    (rest, [from, to]) =>
      rest.flatMap(([start, end]): Range[] => {
        const before: Range = [start, Math.min(end, from)];
        const after: Range = [Math.max(start, to), end];
        return [before, after].filter(([left, right]) => right > left);
      }),
    [...ranges],
  );
}
