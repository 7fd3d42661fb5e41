/**
 * Decides when half of a video has been watched. Pure: it works on seconds, not on elements.
 */

/** A range of the video, in seconds. */
export type Range = readonly [start: number, end: number];

/**
 * What counts as "watched past the half".
 *
 * - `reached`: playback continued for a moment beyond the middle, even if the viewer jumped there.
 * - `watched`: more than half of the video's seconds were played; each second counts once.
 */
export type Measure = 'reached' | 'watched';

/** One playback session: remembers the played ranges of each content, and tells when the half of one is passed. */
export interface PlaybackSession {
  /** Whether this session has already reported. The caller that reports sets it. */
  reported: boolean;
  /**
   * Adds an element's played ranges. Returns whether those of this content pass the half, and nothing was reported yet.
   *
   * Ranges of several elements add up, and so do those of one element before and after it loads another rendition, which has
   * about the same `duration`.
   */
  observe(played: readonly Range[], duration: number, measure: Measure): boolean;
}

/** Starts a playback session without played ranges. */
export function createPlaybackSession(): PlaybackSession {
  const contents: { duration: number; seen: readonly Range[] }[] = [];
  return {
    reported: false,
    observe(played, duration, measure) {
      if (this.reported) return false;
      let content = contents.find((known) => isAlike(known.duration, duration));
      if (!content) contents.push((content = { duration, seen: [] }));
      content.seen = union([...content.seen, ...played]);
      return hasCrossed(content.seen, duration, measure);
    },
  };
}

/**
 * Whether two contents are renditions of one film: their durations differ by at most half a second, or 1 %.
 *
 * Encoders pad by some frames, and the segments of a playlist are rounded one by one (EXTINF): of an hour, by some seconds.
 */
export function isAlike(duration: number, other: number): boolean {
  return Math.abs(duration - other) <= Math.max(0.5, duration / 100);
}

/**
 * Whether the played ranges pass the half of a video of `duration` seconds.
 *
 * `played` must be disjoint, as returned by `union`. An unknown (NaN) or infinite (live) duration has no half.
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

/** Whether playback up to `currentTime` can have passed the half. Cheap, because it does not read the played ranges. */
export function canCross(currentTime: number, duration: number, measure: Measure): boolean {
  return measure !== 'reached' || !(currentTime <= duration / 2); // True if the duration is unknown (NaN).
}

/**
 * How long playback must continue beyond the middle, in seconds.
 *
 * A single range must be that long, because dragging the playhead of a playing video leaves many shorter ones.
 */
export function reachBeyondHalf(duration: number): number {
  return Math.min(0.25, duration * 0.02);
}

/** The ranges sorted and merged, so that each second is in one range only. */
export function union(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], end)];
    else if (end > start) merged.push([start, end]);
  }
  return merged;
}

/** The parts of `ranges` that are not in `taken`. Both must be sorted and disjoint. */
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
