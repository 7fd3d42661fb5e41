/**
 * Reads the played ranges of a video element.
 */
import { minus, union, type Range } from './detector.js';

/** Follows one element while it is tracked. */
export interface PlayedReader {
  /** The ranges that the element has played since it loaded, without those that are hidden. */
  read(): Range[];
  /** Call it when the element starts to load another source. */
  emptied: () => void;
  /** Hides what the element has played so far. */
  hide: () => void;
  /** Shows what the element had played before it was tracked. Returns false if that was already done, or of another source. */
  show: () => boolean;
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

  const reader: PlayedReader = {
    read() {
      const ranges = rangesOf(element.played);
      if (minus(spent, ranges).length > 0) reader.emptied(); // A new source has reset `played`, and its event comes later.
      return minus(ranges, spent);
    },
    emptied() {
      spent = [];
      earlier = undefined;
    },
    hide() {
      spent = union([...spent, ...rangesOf(element.played)]);
    },
    show() {
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

function rangesOf(played: TimeRanges): Range[] {
  return Array.from(played as unknown as ArrayLike<never>, (_, index): Range => [
    played.start(index),
    played.end(index),
  ]);
}
