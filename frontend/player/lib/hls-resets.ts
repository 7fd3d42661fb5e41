/**
 * Gives an element a new MediaSource after media errors, a few times.
 */
import type Hls from 'hls.js';
import type { StreamWorld } from './hls-back-off.js';
import type { PlaybackError } from './hls-verdict.js';

const MOST_RESETS = 3;
/** hls.js's guide allows one `recoverMediaError()` in some seconds; without a limit it loops (video-dev/hls.js#5283). */
const PAUSE_MS = 5_000;
/** After this long without a reset, a stream may be reset as often again. */
const SOUND_MS = 30_000;

export interface Resets {
  /** Resets: the first time at once, then after a pause. */
  plan(error: PlaybackError): void;
  /** hls.js has reset by itself, which 1.7.4 does without a limit. Returns how often in a row. */
  allow(error: PlaybackError): number;
  stop(): void;
}

/** `giveUp` is called instead of one reset too many. `signal`: when to forget `element`. */
export function createResets(
  hls: Hls,
  element: HTMLVideoElement,
  { now, after }: StreamWorld,
  signal: AbortSignal,
  giveUp: (error: PlaybackError) => void,
): Resets {
  let resets = 0;
  let resetAtMs = 0;
  let cancel: (() => void) | undefined;
  let wanted = !element.paused; // A new MediaSource pauses the element, without an event.
  element.addEventListener('play', () => (wanted = true), { signal });
  element.addEventListener('pause', () => (wanted = false), { signal });

  function mayReset(error: PlaybackError): boolean {
    if (now() - resetAtMs > SOUND_MS) resets = 0;
    resetAtMs = now();
    resets += 1;
    if (resets <= MOST_RESETS) return true;
    hls.detachMedia(); // Otherwise hls.js would go on to reset it.
    giveUp(error);
    return false;
  }

  function resume(): void {
    if (wanted) element.play().catch(() => undefined);
  }

  return {
    plan(error) {
      if (cancel || !mayReset(error)) return;
      const seconds = element.currentTime;
      cancel = after(resets === 1 ? 0 : PAUSE_MS, () => {
        cancel = undefined;
        hls.recoverMediaError();
        hls.startLoad(seconds || -1);
        resume();
      });
    },
    allow(error) {
      if (mayReset(error)) resume();
      return resets;
    },
    stop() {
      cancel?.();
    },
  };
}
