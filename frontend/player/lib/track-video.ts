/**
 * Follows a video element and reports when its viewer has passed the half. Independent of any framework.
 */
import { canCross, type Measure } from './detector.js';
import type { Milestone } from './milestone.js';
import type { Outbox } from './outbox.js';
import { pageOutbox } from './page-outbox.js';
import { createPlayedReader } from './played.js';
import { createPlaybackSessions, type PlaybackSessions } from './playback-sessions.js';
import { createViewer, type Viewer } from './viewer.js';

/** A tracker's options. All but `videoId` are read each time they are needed. */
export interface TrackOptions {
  /** The video's id in the analytics. Another id needs another tracker. */
  videoId: string;
  /** The user if logged in; otherwise an anonymous id is created and kept in this browser. */
  userId?: string | null | undefined;
  /** The URL of `POST /analytics`; by default this site's own. */
  endpoint?: string | undefined;
  /** What counts: `reached` (the default) or `watched`. */
  measure?: Measure | undefined;
  /** Called when the half is passed, once per playback session. */
  onMilestone?: ((milestone: Milestone) => void) | undefined;
  /** Delivers the report instead of the page's outbox for `endpoint`. */
  outbox?: Outbox | undefined;
}

/** What a tracker needs from the page besides its element. */
export interface TrackWorld {
  sessions: PlaybackSessions;
  viewer: Viewer;
  now: () => number;
}

let pageWorld: TrackWorld | undefined;

/**
 * Reports `watched_50_percent` once per playback session of `videoId`.
 *
 * Returns a function that stops it. Stopping checks once more, because the half may just have been passed. Players of
 * one video share a session, which ends with the last of them.
 */
export function trackVideo(element: HTMLVideoElement, options: TrackOptions): () => void {
  return followVideo(element, options.videoId, () => options);
}

/** The same for options that change: `read` returns the current ones. */
export function followVideo(
  element: HTMLVideoElement,
  videoId: string,
  read: () => Omit<TrackOptions, 'videoId'>,
  world: TrackWorld = thisPage(),
): () => void {
  const { session, leave } = world.sessions.join(videoId);
  const played = createPlayedReader(element);

  function check(): void {
    if (session.reported) return;
    if (session.observe(played.read(), element.duration, measureOf(read()))) report(videoId, read(), world);
  }
  function progressed(): void {
    // Reading `played` four times a second is the main cost of tracking, so skip it where the half cannot be passed.
    if (canCross(element.currentTime, element.duration, measureOf(read()))) check();
  }
  const stopListening = listen(element, { check, progressed, jumped: played.jumped, emptied: played.emptied });
  // Send what an earlier visit left, even if no app shell starts the outbox.
  const stopOutbox = outboxOf(read()).start();
  check();

  let stopped = false;
  return () => {
    if (stopped) return;
    stopped = true;
    try {
      check(); // It may call an onMilestone that throws.
    } finally {
      stopListening();
      stopOutbox();
      played.close();
      leave();
    }
  };
}

function thisPage(): TrackWorld {
  pageWorld ??= { sessions: createPlaybackSessions(), viewer: createViewer(), now: Date.now };
  return pageWorld;
}

function measureOf({ measure = 'reached' }: Omit<TrackOptions, 'videoId'>): Measure {
  return measure;
}

function outboxOf({ outbox, endpoint }: Omit<TrackOptions, 'videoId'>): Outbox {
  return outbox ?? pageOutbox(endpoint);
}

function report(videoId: string, options: Omit<TrackOptions, 'videoId'>, { viewer, now }: TrackWorld): void {
  const milestone: Milestone = {
    videoId,
    event: 'watched_50_percent',
    userId: viewer.id(options.userId),
    ts: now(),
  };
  outboxOf(options).add(milestone); // Before the callback, so that the report is sent even if it throws.
  options.onMilestone?.(milestone);
}

interface Reactions {
  check: () => void;
  progressed: () => void;
  jumped: () => void;
  emptied: () => void;
}

/**
 * Listens to events that can follow the passing of the half, or that can be the last events of this player.
 *
 * timeupdate fires four times a second, also in background tabs, where animation frames stop. A clip of 1 s may never
 * get one beyond its middle, but it ends or, in a loop, seeks. A hidden or closed page may never come back.
 */
function listen(element: HTMLVideoElement, { check, progressed, jumped, emptied }: Reactions): () => void {
  const page = element.ownerDocument;
  const listeners = new AbortController();
  const on = (target: EventTarget | null, types: readonly string[], react: () => void): void => {
    for (const type of types) target?.addEventListener(type, react, { signal: listeners.signal });
  };
  on(element, ['seeking', 'seeked'], jumped); // Before `check`, which listens to the same event.
  on(element, ['timeupdate'], progressed);
  on(element, ['pause', 'seeking', 'ended', 'durationchange'], check);
  on(element, ['emptied'], emptied);
  on(page, ['visibilitychange'], check);
  on(page.defaultView, ['pagehide'], check);
  return () => {
    listeners.abort();
  };
}
