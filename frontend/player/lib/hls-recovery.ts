/**
 * What happens when hls.js gives up: the stream goes on if it can, and otherwise the page gets an `error` event.
 */
import type Hls from 'hls.js';
import type { ErrorData, Fragment } from 'hls.js';
import { browserWorld, createBackOff, type StreamWorld } from './hls-back-off.js';
import { createResets } from './hls-resets.js';
import { asMediaError, isBadSegment, judge, type PlaybackError, type Verdict } from './hls-verdict.js';
import { whenStarved } from './starved.js';

const MOST_TRIES = 6;
const MOST_BAD_SEGMENTS_IN_A_ROW = 3;

/**
 * Keeps `hls` going on `element`. Returns a function to stop that.
 *
 * hls.js stops loading at each fatal error, and leaves the rest to its user (video-dev/hls.js#399, #5488).
 */
export function recoverHls(
  hls: Hls,
  { BUFFER_EOS, ERROR, FRAG_BUFFERED }: typeof Hls.Events,
  element: HTMLVideoElement,
  src: string,
  world: StreamWorld = browserWorld(),
): () => void {
  const over = new AbortController();
  const { signal } = over;
  const backOff = createBackOff(world);
  const resets = createResets(hls, element, world, signal, fail);
  const badSegments = new Set<unknown>();
  let started = false;
  let failed = false;
  let told: Event | undefined;
  let failing: string | undefined;
  let endless = true;

  function load(): void {
    if (hls.levels.length === 0) hls.loadSource(src);
    else hls.startLoad(element.currentTime || -1);
  }

  function fail(error: PlaybackError): void {
    failed = true;
    backOff.stop();
    resets.stop();
    hls.stopLoad();
    whenStarved(element, signal, () => {
      // An own property hides the prototype's getter: a page cannot make the browser set `error`.
      Object.defineProperty(element, 'error', { configurable: true, value: error });
      element.dispatchEvent((told = new Event('error')));
    });
  }

  function markAsGap(frag: Fragment | undefined): void {
    if (!frag) return;
    // As if the playlist had marked it with EXT-X-GAP. With `gap` alone, hls.js would load it again.
    frag.gap = true;
    frag.tagList.push(['GAP']);
  }

  const act: Record<Verdict, (data: ErrorData) => void> = {
    wait() {
      element.dispatchEvent(new Event('stalled'));
      backOff.wait(load);
    },
    'try-again'(data) {
      act[backOff.failures < MOST_TRIES ? 'wait' : 'fail'](data);
    },
    skip({ frag }) {
      markAsGap(frag);
      if (started || !frag || hls.latestLevelDetails?.live) load();
      else hls.startLoad(frag.end);
    },
    reset(data) {
      resets.plan(asMediaError(data, started));
    },
    fail(data) {
      fail(asMediaError(data, started));
    },
  };

  /** Notes a bad segment. Returns whether there were too many in a row. */
  function isOneTooMany(data: ErrorData): boolean {
    if (isBadSegment(data)) badSegments.add(data.frag?.sn);
    return badSegments.size > MOST_BAD_SEGMENTS_IN_A_ROW;
  }

  /** Ends the video before its last segment, which is bad: hls.js would wait for it forever. */
  function endBefore(seconds: number): void {
    endless = false;
    whenStarved(element, signal, () => hls.trigger(BUFFER_EOS, { type: null }), seconds);
  }

  hls.on(ERROR, (_event, data) => {
    if (failed) return;
    const { fatal, frag } = data;
    if (isOneTooMany(data)) {
      act.fail(data);
    } else if (fatal) {
      failing = frag?.type;
      act[judge(data, started)](data);
    } else if ((data.details as string) === 'mediaSourceRequiresReset') {
      if (resets.allow(asMediaError(data, started)) > 1) markAsGap(frag);
    }
    if (frag?.gap && frag.endList && started && endless) endBefore(frag.start);
  });
  hls.on(FRAG_BUFFERED, (_event, { frag }) => {
    // hls.js says "buffered" of a segment with nothing to play as well.
    if (!Object.values(frag.elementaryStreams).some(Boolean)) return;
    started = true;
    badSegments.clear();
    if (failing === undefined || (frag.type as string) === failing) backOff.succeeded();
  });
  element.addEventListener(
    'error',
    (event) => {
      if (event === told || !element.error) return;
      event.stopImmediatePropagation(); // The page gets one error, if recovery fails. hls.js does nothing at this.
      if (!failed) resets.plan(element.error);
    },
    { signal, capture: true },
  );
  const hurry = (): void => backOff.hurry();
  world.network.addEventListener('online', hurry, { signal });
  for (const wish of ['play', 'seeking']) element.addEventListener(wish, hurry, { signal });
  return () => {
    over.abort();
    backOff.stop();
    resets.stop();
    Reflect.deleteProperty(element, 'error');
  };
}
