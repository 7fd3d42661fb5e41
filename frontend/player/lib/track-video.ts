/**
 * Follows a video element and reports the milestones that its viewer passes. Independent of any framework.
 */
import { checkedElement, checkedId, checkedOptions } from './checked.js';
import type { Crossed, FollowOptions } from './crossings.js';
import type { Measure, PlaybackSession } from './detector.js';
import { createFollower, type Follower } from './follower.js';
import type { Milestone, MilestoneName } from './milestone.js';
import type { Outbox } from './outbox.js';
import { DEFAULT_ENDPOINT, pageOutbox } from './page-outbox.js';
import { createPlaybackSessions, type PlaybackSessions } from './playback-sessions.js';
import { allowedStorage, suppress, type PrivacyOptions } from './privacy.js';
import { createViewerId, type ViewerId } from './viewer.js';

/** A tracker's options. All but `videoId` are read each time they are needed. */
export interface TrackOptions extends PrivacyOptions {
  /** The video's id in the analytics; a number is sent as text. Another id needs another tracker. */
  videoId: string | number;
  /** The user if logged in; otherwise an anonymous id is created and kept in this browser. */
  userId?: string | number | null | undefined;
  /** The URL of `POST /analytics`; by default this site's own. */
  endpoint?: string | undefined;
  /** What is reported; `['watched_50_percent']` by default. The server has to accept it (`PULSE_EVENTS`). */
  milestones?: readonly (MilestoneName | 'all')[] | null | undefined;
  /** What counts: `reached` (the default) or `watched`. */
  measure?: Measure | undefined;
  /** The film's length in seconds. Then nothing else counts, and a file that does not contain its length has milestones. */
  duration?: number | null | undefined;
  /** Called for each milestone that is passed, once per playback session. */
  onMilestone?: ((milestone: Milestone) => void) | undefined;
  /** Delivers the reports instead of the page's outbox for `endpoint`. */
  outbox?: Outbox | undefined;
}

/** A tracker: call it to stop it. */
export interface TrackHandle {
  /** Checks once more, because a milestone may just have been passed, and stops. */
  (): void;
  /** What is played from now on is not the film, for example an ad. */
  pause: () => void;
  /** What is played from now on is the film. */
  resume: () => void;
}

/** What a tracker needs from the page besides its element. */
export interface TrackWorld {
  sessions: PlaybackSessions;
  viewerId: ViewerId;
  now: () => number;
}

let pageWorld: TrackWorld | undefined;

/**
 * Reports `watched_50_percent`, or each of `milestones`, once per playback session of `videoId`.
 *
 * Returns a function that stops it, with `pause` and `resume` for ads. Players of one video share a session, which ends with
 * the last of them: when it is stopped, or was removed from the page. Throws a TypeError if an option cannot be right.
 */
export function trackVideo(element: HTMLVideoElement, options: TrackOptions): TrackHandle {
  return followVideo(element, options.videoId, () => options);
}

/** The same for options that change: `read` returns the current ones. */
export function followVideo(
  element: HTMLVideoElement,
  videoId: string | number,
  read: () => Omit<TrackOptions, 'videoId'> & FollowOptions,
  world: TrackWorld = (pageWorld ??= { sessions: createPlaybackSessions(), viewerId: createViewerId(), now: Date.now }),
): TrackHandle {
  const id = checkedId(videoId);
  checkedOptions(read());
  const report = (crossed: Crossed): void => {
    const options = read();
    const kind = allowedStorage(options);
    const userId = kind ? String(options.userId ?? '') || world.viewerId(kind) : '';
    const passed = crossed.map(([event, ts]): Milestone => ({ videoId: id, event, userId, ts }));
    // Before the callback, so that the reports are sent even if it throws.
    if (kind) outboxOf(options).add(...passed);
    else suppress(options.endpoint ?? DEFAULT_ENDPOINT);
    for (const milestone of passed) options.onMilestone?.(milestone);
  };
  return enter(world, id, checkedElement(element).ownerDocument, outboxOf(read()), (session) =>
    createFollower(element, session, read, report, world.now),
  );
}

const removed = /* @__PURE__ */ new FinalizationRegistry<() => void>((end) => end());

/**
 * Joins the session, listens to the page, and follows. A hidden or closed page may never come back.
 *
 * No closure in here may refer to a follower or an element, except weakly: the page and the session keep them all alive, and
 * a page may remove an element without `stop`.
 */
function enter(
  { sessions }: TrackWorld,
  id: string,
  page: Document,
  outbox: Outbox,
  follow: (session: PlaybackSession) => Follower,
): TrackHandle {
  let ref: WeakRef<Follower> | undefined;
  const { session, leave } = sessions.join(id, () => (ref ? (ref.deref()?.isGone() ?? true) : false));
  const listeners = new AbortController();
  const { signal } = listeners;
  page.addEventListener('visibilitychange', () => ref?.deref()?.check(), { signal });
  page.defaultView?.addEventListener('pagehide', () => ref?.deref()?.leave(), { signal });
  const stopOutbox = outbox.start(); // Sends what an earlier visit left, even if no app shell starts the outbox.
  const end = (): void => {
    listeners.abort();
    stopOutbox();
    leave();
  };
  const stop = (): void => {
    const follower = ref?.deref();
    ref = undefined;
    try {
      follower?.stop();
    } finally {
      end();
    }
  };
  const follower = follow(session);
  ref = new WeakRef(follower);
  removed.register(follower, end);
  return Object.assign(stop, { pause: () => ref?.deref()?.pause(), resume: () => ref?.deref()?.resume() });
}

function outboxOf(options: Omit<TrackOptions, 'videoId'>): Outbox {
  const kind = allowedStorage(options);
  return (kind && options.outbox) ?? pageOutbox(options.endpoint, kind);
}
