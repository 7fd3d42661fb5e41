/**
 * Reads from a video element what it has played.
 */
import { minus, union, type Range } from './detector.js';

/** Follows one element for as long as somebody tracks it. */
export interface PlayedReader {
  /** What the element played since it loaded, without what an earlier follower was told. */
  read(): Range[];
  /** To be called when the playhead is moved, not played, to where it stands now. */
  jumped: () => void;
  /** To be called when the element has begun to load something else. */
  emptied: () => void;
  /** Keeps what was read from the next one who follows this element. */
  close(): void;
}

/**
 * What each element played for those who followed it before.
 *
 * A page may use one element for one video after the other: until it loads the next, `played` still holds the last.
 */
const spentOf = new WeakMap<HTMLVideoElement, readonly Range[]>();

/** Starts to read what `element` plays. Seconds that it played before anybody followed it are read as well. */
export function createPlayedReader(element: HTMLVideoElement): PlayedReader {
  let spent = spentOf.get(element) ?? [];
  let walked: Range[] = [];
  let playhead = 0;

  const played = (): Range[] => (reportsPlayed(element) ? rangesOf(element.played) : walked);
  const walk = (): void => {
    const { currentTime } = element;
    if (currentTime > playhead && !element.seeking) walked = union([...walked, [playhead, currentTime]]);
    playhead = currentTime;
  };
  return {
    read() {
      if (!reportsPlayed(element)) walk();
      const ranges = played();
      if (spent.length > 0 && minus(spent, ranges).length > 0) spent = []; // It has loaded since, and began at nothing.
      return minus(ranges, spent);
    },
    jumped() {
      playhead = element.currentTime;
    },
    emptied() {
      spent = [];
      walked = [];
      playhead = 0;
    },
    close() {
      spentOf.set(element, union([...spent, ...played()]));
    },
  };
}

/**
 * Whether `played` means anything here.
 *
 * jsdom never fills it, and never leaves readyState 0. A browser that knows a duration is past 0, so that an empty
 * `played` there means that nothing was played, wherever the playhead stands.
 */
function reportsPlayed(element: HTMLVideoElement): boolean {
  return element.played.length > 0 || element.readyState > 0;
}

function rangesOf(played: TimeRanges): Range[] {
  return Array.from({ length: played.length }, (_, index): Range => [played.start(index), played.end(index)]);
}
