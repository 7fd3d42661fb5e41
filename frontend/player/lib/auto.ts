/**
 * Follows every `<video data-video-id>` of a page that has `<script type="module" src=".../tracker.js" data-auto>`.
 *
 * It is a chunk of its own, because other pages do not need it. It takes the tracker instead of importing it: an import
 * by name would fetch the tracker twice where the tag's `src` has a query.
 */
import type { TrackOptions } from './track-video.js';

const TAG = 'script[data-auto]';
const FOLLOWED = Symbol.for('@pulse-analytics/player auto');

type Track = (element: HTMLVideoElement, options: TrackOptions) => () => void;
type StartOutbox = (options: Pick<TrackOptions, 'endpoint' | 'respectPrivacySignals' | 'storage'>) => () => void;

/**
 * Follows the videos that `page` has and will have; a video that is removed, or that loses its id, is stopped.
 *
 * The page's first tag has the options, which may change at any time. Nothing happens if the page is followed already,
 * by this copy of the tracker or by another.
 */
export function start(
  trackVideo: Track,
  startOutbox: StartOutbox,
  page: Document & { [FOLLOWED]?: true } = document,
  fail: (error: unknown) => void = (error) => reportError(error),
): void {
  if (page[FOLLOWED]) return;
  page[FOLLOWED] = true;
  const options = readTag(page);
  const followed = new Map<HTMLVideoElement, { videoId: string; stop: () => void }>();

  function look(): void {
    for (const [video, { videoId, stop }] of followed) {
      if (video.isConnected && video.dataset['videoId'] === videoId) continue;
      followed.delete(video);
      attempt(stop, fail);
    }
    for (const video of page.querySelectorAll<HTMLVideoElement>('video[data-video-id]')) {
      const videoId = video.dataset['videoId'];
      if (!videoId || followed.has(video)) continue;
      followed.set(video, { videoId, stop: () => undefined }); // A video that cannot be tracked is tried once.
      attempt(() => followed.set(video, { videoId, stop: trackVideo(video, options(videoId)) }), fail);
    }
  }
  startOutbox(options(''));
  look();
  new MutationObserver(look).observe(page, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ['data-video-id'],
  });
}

/** Returns what makes a tracker's options, each of which is read from the tag when it is needed. */
function readTag(page: Document): (videoId: string) => TrackOptions {
  let tag: HTMLScriptElement | null = null;
  /** The current tag: Turbo replaces it at each visit, and one that was removed still counts. */
  const data = (): HTMLScriptElement | null => (tag = page.querySelector<HTMLScriptElement>(TAG) ?? tag);
  return (videoId) => ({
    videoId,
    get userId() {
      return data()?.dataset['userId'];
    },
    get endpoint() {
      const { src = '', dataset = {} } = data() ?? {};
      return dataset['endpoint'] ?? new URL('/analytics', src || page.baseURI).href;
    },
    get milestones() {
      return data()?.dataset['milestones']?.match(/[^\s,]+/g) as TrackOptions['milestones'];
    },
    get measure() {
      return data()?.dataset['measure'] === 'watched' ? 'watched' : 'reached';
    },
    get respectPrivacySignals() {
      return (data()?.dataset['respectPrivacySignals'] ?? 'false') !== 'false';
    },
    get storage() {
      return (data()?.dataset['storage'] ?? 'local') === 'local' ? 'local' : 'none';
    },
  });
}

/** Does something for one video. If it fails, the other videos must go on. */
function attempt(work: () => void, fail: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    fail(error);
  }
}
