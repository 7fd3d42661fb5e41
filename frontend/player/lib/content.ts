/**
 * Knows how long the content of an element is, and whether it is live.
 */
import { isAlike } from './detector.js';

/** Players reload a live playlist after the length of its segments, which is rarely over 10 s. */
const RELOAD_MS = 15_000;

/** The elements whose live stream keeps everything, so that its recording is the whole show. */
export const wholeShows = /* @__PURE__ */ new WeakSet<HTMLVideoElement>();

/** Follows what an element has loaded, from one `emptied` to the next. */
export interface Content {
  /** Whether it is the recording of a live stream that was played while it was live. */
  wasLive: boolean;
  /** Its length; NaN if that is unknown or not its own. `given`: its length if the file does not contain it. */
  seconds(given?: number): number;
  /** Call it when the element starts to load another source. */
  emptied: () => void;
}

/** Starts to follow. `isOwn`: the player itself marks live streams as infinite, so that a finite length is final. */
export function createContent(element: HTMLVideoElement, isOwn: boolean, now: () => number): Content {
  let length = NaN;
  let since = 0;
  /** Whether `length` has grown while it was played: hls.js prolongs a live stream by default (video-dev/hls.js#67). */
  let grew = false;

  function endless(given = NaN): number {
    const { seekable } = element;
    // Of a file without a length any position may be asked for; of a live stream none, or those up to now.
    const end = seekable.length > 0 ? seekable.end(seekable.length - 1) : given;
    if (end === Infinity || end === given) return given;
    content.wasLive = true;
    return NaN;
  }
  const content: Content = {
    wasLive: false,
    seconds(given) {
      const { duration } = element;
      if (duration === Infinity) return endless(given);
      if (!isAlike(duration, length)) {
        grew ||= duration > length && element.played.length > 0;
        length = duration;
        since = now();
      }
      // In this time, a live stream looks like a recording.
      const isNew = now() - since < RELOAD_MS && element.currentSrc.startsWith('blob:') && !element.ended;
      const isLive = grew || (content.wasLive && !wholeShows.has(element)) || (isNew && !isOwn && !given);
      return isLive ? NaN : duration;
    },
    emptied() {
      length = NaN;
      content.wasLive = grew = false;
    },
  };
  return content;
}
