/**
 * Decides which milestones of a video have been passed. Pure: it works on seconds, not on elements.
 */
import { SHARES, type MilestoneName } from './milestone.js';

/** A range of the video, in seconds. */
export type Range = readonly [start: number, end: number];

/**
 * What counts as passing a milestone.
 *
 * - `reached`: playback continued for a moment beyond that share of the video, even if the viewer jumped there.
 * - `watched`: more than that share of the video's seconds was played; each second counts once.
 *
 * The start (share 0) is the same in both: playback went on for a moment, anywhere.
 */
export type Measure = 'reached' | 'watched';

/** One playback session: remembers the played ranges of each content, and tells which milestones they pass. */
export interface PlaybackSession {
  /** What this session has already reported. The caller that reports adds to it. */
  readonly reported: Set<MilestoneName>;
  /**
   * Adds an element's played ranges. Returns which of the milestones `due` those of this content pass.
   *
   * Ranges of several elements add up, and so do those of one element before and after it loads another rendition, which has
   * about the same `duration`.
   */
  observe(
    played: readonly Range[],
    duration: number,
    measure: Measure,
    due: readonly MilestoneName[],
  ): readonly MilestoneName[];
}

/** Starts a playback session without played ranges. */
export function createPlaybackSession(): PlaybackSession {
  const contents: { duration: number; seen: readonly Range[] }[] = [];
  return {
    reported: new Set(),
    observe(played, duration, measure, due) {
      let content = contents.find((known) => isAlike(known.duration, duration));
      if (!content) contents.push((content = { duration, seen: [] }));
      const seen = (content.seen = union([...content.seen, ...played]));
      return due.filter((name) => hasCrossed(seen, duration, measure, SHARES[name]));
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
 * Whether the played ranges pass `share` of a video of `duration` seconds.
 *
 * `played` must be disjoint, as returned by `union`. An unknown (NaN) or infinite (live) duration has no milestones.
 */
export function hasCrossed(played: readonly Range[], duration: number, measure: Measure, share: number): boolean {
  const mark = duration * share;
  return (
    duration > 0 &&
    duration < Infinity &&
    (measure === 'watched' && share > 0
      ? played.reduce((seconds, [start, end]) => seconds + end - start, 0) > mark
      : played.some(([start, end]) => end - Math.max(start, mark) >= reachBeyond(duration)))
  );
}

/** Whether playback up to `currentTime` can have passed `share`. Cheap, because it does not read the played ranges. */
export function canCross(currentTime: number, duration: number, measure: Measure, share: number): boolean {
  return measure !== 'reached' || !(currentTime <= duration * share); // True if the duration is unknown (NaN).
}

/**
 * How long playback must continue beyond a share, in seconds; 97 % of the video at most are needed for 95 %.
 *
 * A single range must be that long, because dragging the playhead of a playing video leaves many shorter ones.
 */
export function reachBeyond(duration: number): number {
  return Math.min(0.25, duration * 0.02);
}

/** The ranges sorted and merged, so that each second is in one range only. */
export function union(ranges: readonly Range[]): Range[] {
  const merged: [start: number, end: number][] = [];
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
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
