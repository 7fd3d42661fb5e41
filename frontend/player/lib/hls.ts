/**
 * Plays HLS with hls.js where the browser's own HLS is missing or not good enough. Only then is hls.js fetched.
 */
import type Hls from 'hls.js';
import { recoverHls } from './hls-recovery.js';

const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** Whether this is the URL of an HLS playlist. */
export function isHls(src: string): boolean {
  return /\.m3u8($|[?#])/i.test(src);
}

/** Loads hls.js. */
export type LoadHls = () => Promise<Pick<typeof import('hls.js'), 'default'>>;

/** Makes `element` play the HLS playlist at `src`. `browser`: the browser's globals. Returns a function to undo it. */
export function attachHls(
  element: HTMLVideoElement,
  src: string,
  load: LoadHls = () => import('hls.js'),
  browser: object = globalThis,
): () => void {
  if (element.canPlayType(HLS_TYPE) !== '' && isOwnHlsSound(browser)) {
    element.src = src;
    return () => {
      if (element.getAttribute('src') !== src) return; // The player has switched to a source that is not HLS.
      element.removeAttribute('src');
      element.load();
    };
  }
  let detached = false;
  let detach = (): void => undefined;
  void load().then(
    (hls) => {
      if (!detached) detach = attachWithHlsJs(hls.default, element, src);
    },
    () => {
      if (!detached) element.src = src; // Without hls.js, the element itself reports that it cannot play this.
    },
  );
  return () => {
    detached = true;
    detach();
  };
}

/**
 * Whether to use the HLS of a browser that claims to play it.
 *
 * True for Safari, which has ManagedMediaSource, and where hls.js cannot work. Chromium's own HLS gives up on a live
 * playlist that has nothing new at a reload, which the format allows (RFC 8216).
 */
function isOwnHlsSound(browser: object): boolean {
  return 'ManagedMediaSource' in browser || !('MediaSource' in browser);
}

type LoadPolicy = Hls['config']['fragLoadPolicy'];
type HlsJs = Awaited<ReturnType<LoadHls>>['default'];

function attachWithHlsJs(Hls: HlsJs, element: HTMLVideoElement, src: string): () => void {
  // Without `liveDurationInfinity`, a live stream would have a finite duration, and so a half.
  const hls = new Hls({ liveDurationInfinity: true, fragLoadPolicy: impatient(Hls.DefaultConfig.fragLoadPolicy) });
  const stopRecovery = recoverHls(hls, Hls.Events, element, src);
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
