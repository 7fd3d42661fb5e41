/**
 * Drives hls.js. It is a chunk of its own, because it is of no use without hls.js.
 */
import type HlsJs from 'hls.js';
import { recoverHls } from './hls-recovery.js';

type LoadPolicy = HlsJs['config']['fragLoadPolicy'];

/**
 * Plays the playlist at `src` on `element` with hls.js, and goes on after errors. Returns a function to undo it.
 *
 * `wholeShows` gets the element while a live stream keeps its whole show: an element does not tell. (It is an argument,
 * because an import would make this chunk load the tracker's own file.)
 */
export function attachHlsJs(
  Hls: typeof HlsJs,
  element: HTMLVideoElement,
  src: string,
  wholeShows: WeakSet<HTMLVideoElement>,
): () => void {
  // Without `liveDurationInfinity`, a live stream would have a finite duration, and so a half.
  const hls = new Hls({ liveDurationInfinity: true, fragLoadPolicy: impatient(Hls.DefaultConfig.fragLoadPolicy) });
  const stopRecovery = recoverHls(hls, Hls.Events, element, src);
  hls.on(Hls.Events.LEVEL_LOADED, (_event, { details: { type, startSN } }) => {
    if (type === 'EVENT' || startSN === 0) wholeShows.add(element);
    else wholeShows.delete(element);
  });
  hls.loadSource(src);
  hls.attachMedia(element);
  return () => {
    stopRecovery();
    hls.destroy();
  };
}

/** hls.js's own 6 retries of a segment take 31 s; after these 2 in 3 s it is for `recoverHls` to decide. */
function impatient({ default: policy }: LoadPolicy): LoadPolicy {
  return { default: { ...policy, errorRetry: { maxNumRetry: 2, retryDelayMs: 1_000, maxRetryDelayMs: 2_000 } } };
}
