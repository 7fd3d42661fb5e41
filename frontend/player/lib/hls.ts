/**
 * Plays HLS where the browser cannot do it well by itself. hls.js is fetched only then.
 */
const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** Whether this is the address of an HLS playlist. */
export function isHls(src: string): boolean {
  return /\.m3u8($|[?#])/i.test(src);
}

/** Loads hls.js. */
export type LoadHls = () => Promise<Pick<typeof import('hls.js'), 'default'>>;

/** Lets `element` play the HLS playlist at `src`, in the browser whose globals are `browser`. Returns what undoes it. */
export function attachHls(
  element: HTMLVideoElement,
  src: string,
  load: LoadHls = () => import('hls.js'),
  browser: object = globalThis,
): () => void {
  if (element.canPlayType(HLS_TYPE) !== '' && isOwnHlsSound(browser)) {
    element.src = src;
    return () => {
      if (element.getAttribute('src') !== src) return; // The player has gone on to a source that is not HLS.
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
      if (!detached) element.src = src; // Not to be had: the element itself then says that it cannot play this.
    },
  );
  return () => {
    detached = true;
    detach();
  };
}

/**
 * Whether a browser that says it plays HLS should.
 *
 * Apple's, which has ManagedMediaSource, and one in which hls.js could not work. Chromium's own gives up on a live
 * playlist that has nothing new when it looks again, which the format allows.
 */
function isOwnHlsSound(browser: object): boolean {
  return 'ManagedMediaSource' in browser || !('MediaSource' in browser);
}

type HlsJs = Awaited<ReturnType<LoadHls>>['default'];

function attachWithHlsJs(Hls: HlsJs, element: HTMLVideoElement, src: string): () => void {
  // Without `liveDurationInfinity` a live stream would have a duration, and so a half.
  const hls = new Hls({ liveDurationInfinity: true });
  hls.on(Hls.Events.ERROR, (_event, { fatal, type }) => {
    if (fatal && type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
  });
  hls.loadSource(src);
  hls.attachMedia(element);
  return () => hls.destroy();
}
