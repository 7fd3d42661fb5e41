/**
 * Follows a video element and reports the milestones that its viewer passes. Independent of any framework.
 */
import { checkedElement, checkedId, checkedOptions } from './checked.js';
import type { Crossed, FollowOptions } from './crossings.js';
import type { Measure, PlaybackSession } from './detector.js';
import { createFollower, type Follower } from './follower.js';
import type { Milestone, MilestoneName } from './milestone.js';
import type { Outbox } from './outbox.js';
import { pageOutbox } from './page-outbox.js';
import { createPlaybackSessions, type PlaybackSessions } from './playback-sessions.js';
import { createViewer, type Viewer } from './viewer.js';

/** A tracker's options. All but `videoId` are read each time they are needed. */
export interface TrackOptions {
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
  viewer: Viewer;
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
  world: TrackWorld = (pageWorld ??= { sessions: createPlaybackSessions(), viewer: createViewer(), now: Date.now }),
): TrackHandle {
  const id = checkedId(videoId);
  checkedOptions(read());
  const presence = enter(world, id, checkedElement(element).ownerDocument, outboxOf(read()));
  const report = (crossed: Crossed): void => {
    const options = read();
    const userId = world.viewer.id(String(options.userId ?? ''));
    const passed = crossed.map(([event, ts]): Milestone => ({ videoId: id, event, userId, ts }));
    outboxOf(options).add(...passed); // Before the callback, so that the reports are sent even if it throws.
    for (const milestone of passed) options.onMilestone?.(milestone);
  };
  return presence.handle(createFollower(element, presence.session, read, report, world.now));
}

/** A tracker's part outside of its element. It must not keep the element alive, which a page may remove without `stop`. */
interface Presence {
  session: PlaybackSession;
  handle(follower: Follower): TrackHandle;
}

const removed = /* @__PURE__ */ new FinalizationRegistry<() => void>((end) => end());

/**
 * Joins the session and listens to the page. A hidden or closed page may never come back.
 *
 * No closure in here may refer to a follower or an element, except weakly: the page and the session keep them all alive.
 */
function enter({ sessions }: TrackWorld, id: string, page: Document, outbox: Outbox): Presence {
  let ref: WeakRef<Follower> | undefined;
  const { session, leave } = sessions.join(id, () => ref !== undefined && (ref.deref()?.isGone() ?? true));
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
  return {
    session,
    handle(follower) {
      ref = new WeakRef(follower);
      removed.register(follower, end);
      return Object.assign(stop, { pause: () => ref?.deref()?.pause(), resume: () => ref?.deref()?.resume() });
    },
  };
}

function outboxOf({ outbox, endpoint }: Omit<TrackOptions, 'videoId'>): Outbox {
  return outbox ?? pageOutbox(endpoint);
}
