/**
 * Reads the played ranges of a video element.
 */
import { minus, union, type Range } from './detector.js';

/** Follows one element while it is tracked. */
export interface PlayedReader {
  /** The ranges that the element has played since it loaded, without those that are hidden. */
  read(): Range[];
  /** Call it when the playhead was moved to its current position by a seek, not by playback. */
  jumped: () => void;
  /** Call it when the element starts to load another source. */
  emptied: () => void;
  /** Hides what the element has played so far. */
  hide: () => void;
  /** Shows what the element had played before it was tracked. Returns false if that was already done, or of another source. */
  showEarlier: () => boolean;
  /** Hides the ranges read so far from the next reader of this element. */
  close(): void;
}

/**
 * The ranges of each element that earlier readers have returned.
 *
 * A page may use one element for several videos in turn. Until it loads the next one, `played` is still of the last.
 */
const spentOf = new WeakMap<HTMLVideoElement, readonly Range[]>();

/** Starts to read what `element` plays. What it played before is hidden: another source may follow at once. */
export function createPlayedReader(element: HTMLVideoElement): PlayedReader {
  let earlier: readonly Range[] | undefined = spentOf.get(element) ?? [];
  let spent = earlier;
  let walked: Range[] = [];
  let playhead = 0;

  const played = (): Range[] => (reportsPlayed(element) ? rangesOf(element.played) : walked);
  const walk = (): void => {
    const { currentTime } = element;
    if (currentTime > playhead && !element.seeking) walked = union([...walked, [playhead, currentTime]]);
    playhead = currentTime;
  };
  const reader: PlayedReader = {
    read() {
      if (!reportsPlayed(element)) walk();
      const ranges = played();
      if (minus(spent, ranges).length > 0) reader.emptied(); // A new source has reset `played`, and its event comes later.
      return minus(ranges, spent);
    },
    jumped() {
      playhead = element.currentTime;
    },
    emptied() {
      spent = walked = [];
      earlier = undefined;
      playhead = 0;
    },
    hide() {
      spent = union([...spent, ...played()]);
    },
    showEarlier() {
      if (!earlier) return false;
      spent = earlier;
      earlier = undefined;
      return true;
    },
    close() {
      reader.hide();
      spentOf.set(element, spent);
    },
  };
  reader.hide();
  return reader;
}

/**
 * Whether the browser supports `played`.
 *
 * jsdom never fills it and never leaves readyState 0. A browser that knows the duration has left readyState 0, so there
 * an empty `played` means that nothing was played, whatever the position of the playhead.
 */
function reportsPlayed(element: HTMLVideoElement): boolean {
  return element.played.length > 0 || element.readyState > 0;
}

function rangesOf(played: TimeRanges): Range[] {
  return Array.from({ length: played.length }, (_, index): Range => [played.start(index), played.end(index)]);
}
