/**
 * Plays HLS with hls.js where the browser's own HLS is missing or not good enough. Only then are hls.js and the code that
 * drives it fetched.
 */
import { wholeShows } from './content.js';

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
  void Promise.all([load(), import('./hls-js.js')]).then(
    ([{ default: Hls }, { attachHlsJs }]) => {
      if (!detached) detach = attachHlsJs(Hls, element, src, wholeShows);
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
