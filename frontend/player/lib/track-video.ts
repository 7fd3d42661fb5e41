/**
 * Follows a video element and reports when its viewer has passed the half. Knows no framework.
 */
import { canCross, type Measure } from './detector.js';
import type { Milestone } from './milestone.js';
import type { Outbox } from './outbox.js';
import { pageOutbox } from './page-outbox.js';
import { createPlayedReader } from './played.js';
import { createPlaybackSessions, type PlaybackSessions } from './playback-sessions.js';
import { createViewer, type Viewer } from './viewer.js';

/** What a tracker may be told. All but `videoId` is read anew whenever it is needed. */
export interface TrackOptions {
  /** The video, as the analytics name it. Another id needs another tracker. */
  videoId: string;
  /** The user if logged in; else an anonymous id is made and kept in this browser. */
  userId?: string | null | undefined;
  /** The URL of `POST /analytics`; by default that of this site. */
  endpoint?: string | undefined;
  /** What counts: `reached` (the default) or `watched`. */
  measure?: Measure | undefined;
  /** Called at the crossing, once per playback session. */
  onMilestone?: ((milestone: Milestone) => void) | undefined;
  /** Delivers the report in place of the page's outbox for `endpoint`. */
  outbox?: Outbox | undefined;
}

/** What a tracker needs of the page besides its element. */
export interface TrackWorld {
  sessions: PlaybackSessions;
  viewer: Viewer;
  now: () => number;
}

let pageWorld: TrackWorld | undefined;

/**
 * Reports `watched_50_percent` once per playback session of `videoId`.
 *
 * Returns what stops it. Stopping looks once more, because the crossing may have been a moment ago. Players of one video
 * share a session, which ends with the last of them.
 */
export function trackVideo(element: HTMLVideoElement, options: TrackOptions): () => void {
  return followVideo(element, options.videoId, () => options);
}

/** The same for options that change: `read` returns those in force. */
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
    // Reading `played` four times a second is what tracking costs: not where it cannot matter.
    if (canCross(element.currentTime, element.duration, measureOf(read()))) check();
  }
  const stopListening = listen(element, { check, progressed, jumped: played.jumped, emptied: played.emptied });
  // What an earlier visit left is sent even where no app shell starts the outbox.
  const stopOutbox = outboxOf(read()).start();
  check();

  let stopped = false;
  return () => {
    if (stopped) return;
    stopped = true;
    try {
      check(); // Which may call an onMilestone that throws.
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
  outboxOf(options).add(milestone); // First: whatever the callback does, the report is on its way.
  options.onMilestone?.(milestone);
}

interface Reactions {
  check: () => void;
  progressed: () => void;
  jumped: () => void;
  emptied: () => void;
}

/**
 * Listens to what can tell of a crossing, or be the last that is heard of this player.
 *
 * timeupdate comes four times a second, in background tabs too, where animation frames stop. A clip of a second may never
 * see one beyond its middle, but ends or, in a loop, seeks. A hidden or left page may never come back.
 */
function listen(element: HTMLVideoElement, { check, progressed, jumped, emptied }: Reactions): () => void {
  const page = element.ownerDocument;
  const listeners = new AbortController();
  const on = (target: EventTarget | null, types: readonly string[], react: () => void): void => {
    for (const type of types) target?.addEventListener(type, react, { signal: listeners.signal });
  };
  on(element, ['seeking', 'seeked'], jumped); // Before the check that the same event asks for.
  on(element, ['timeupdate'], progressed);
  on(element, ['pause', 'seeking', 'ended', 'durationchange'], check);
  on(element, ['emptied'], emptied);
  on(page, ['visibilitychange'], check);
  on(page.defaultView, ['pagehide'], check);
  return () => {
    listeners.abort();
  };
}
