/**
 * Follows one element: when what it plays has passed the half of the film, it says so once.
 */
import { checkedDuration } from './checked.js';
import { createContent } from './content.js';
import { canCross, type Measure, type PlaybackSession } from './detector.js';
import { createFilmChooser, type Film } from './film.js';
import { createPlayedReader } from './played.js';

/** Ads in a player have 6 to 30 s. What is longer than this is the film, and counts at once. */
const LONGEST_AD_SECONDS = 60;
/** Within this time after an ad has ended, the film is loaded. */
const NEXT_SOURCE_MS = 5000;

/** The elements that are followed. */
const followed = /* @__PURE__ */ new WeakSet<HTMLVideoElement>();

/** The options that decide what counts. */
export interface FollowOptions {
  measure?: Measure | undefined;
  duration?: number | null | undefined;
  /** Whether the element is a VideoPlayer's: its source may come later, and with it infinite durations of live streams. */
  isOwn?: boolean;
}

/** Follows an element until it is stopped. The element keeps it alive; everything else refers to it weakly. */
export interface Follower {
  /** Checks whether the half has just been passed. */
  check(): void;
  /** The same if no later event may come. What is uncertain counts. */
  leave(): void;
  /** Whether the element was removed from the page and stands still. */
  isGone(): boolean;
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Starts to follow `element`. `report` is called with the time of the crossing. */
export function createFollower(
  element: HTMLVideoElement,
  session: PlaybackSession,
  read: () => FollowOptions,
  report: (ts: number) => void,
  now: () => number,
): Follower {
  // eslint-disable-next-line no-console -- No error, because two ids of one video may be meant.
  if (followed.has(element)) console.warn('pulse: this <video> is tracked twice. Stop the first tracker:', element);
  followed.add(element);
  const { isOwn = false } = read();
  const wasPlayed = element.played.length > 0;
  const played = createPlayedReader(element);
  const content = createContent(element, isOwn, now);
  const chooser = createFilmChooser(isOwn || (element.networkState > 0 && !wasPlayed));
  const listeners = new AbortController();
  let isPaused = false;
  let wasAttached = false;

  const measureOf = (): Measure => read().measure ?? 'reached';

  function send({ crossedAt }: Film): void {
    if (session.reported || crossedAt === undefined) return;
    session.reported = true;
    report(crossedAt);
  }
  const follower: Follower = {
    check() {
      wasAttached ||= element.isConnected;
      if (isPaused || session.reported) return;
      const given = checkedDuration(read().duration);
      const seconds = content.seconds(given);
      if (Number.isNaN(seconds)) return;
      const ranges = played.read();
      const film = ranges.length > 0 && chooser.choose(seconds, given);
      if (!film || !session.observe(ranges, seconds, content.wasLive ? 'watched' : measureOf())) return;
      film.crossedAt ??= now();
      if (film.isCertain || seconds > LONGEST_AD_SECONDS || element.loop) send(film);
      else if ((film.hasEnded = element.ended))
        setTimeout(() => element.ended && chooser.film === film && send(film), NEXT_SOURCE_MS);
    },
    leave() {
      played.showEarlier();
      follower.check();
      if (chooser.film) send(chooser.film);
    },
    isGone: () => wasAttached && !element.isConnected && element.paused,
    pause() {
      follower.check();
      chooser.trust(true);
      isPaused = true;
    },
    resume() {
      played.hide();
      isPaused = false;
    },
    stop() {
      try {
        follower.leave(); // It may call an onMilestone that throws.
      } finally {
        isPaused = true;
        listeners.abort();
        played.close();
        followed.delete(element);
      }
    },
  };
  /**
   * Listens to events that can follow the passing of the half, or that can be the last events of this element.
   *
   * timeupdate fires four times a second, also in background tabs, where animation frames stop. A clip of 1 s may never get
   * one beyond its middle, but it ends or, in a loop, seeks. A browser pauses an element that was removed from the page.
   */
  const on = (types: readonly string[], react: () => void): void => {
    for (const type of types) element.addEventListener(type, react, { signal: listeners.signal });
  };
  on(['seeking', 'seeked'], played.jumped); // Before `check`, which listens to the same event.
  on(['timeupdate'], () => {
    // Reading `played` four times a second is the main cost of tracking, so skip it where the half cannot be passed.
    const { film } = chooser;
    if (!film || canCross(element.currentTime, Math.min(element.duration, film.seconds), measureOf())) follower.check();
  });
  on(['seeking', 'ended', 'durationchange'], () => follower.check());
  on(['pause'], () => (follower.isGone() ? follower.leave() : follower.check()));
  on(['emptied'], () => {
    for (const { emptied } of [played, content, chooser]) emptied();
  });
  // React may take over an element that was rendered on the server and has played.
  if (isOwn) played.showEarlier();
  else if (wasPlayed)
    setTimeout(() => {
      if (played.showEarlier() && element.paused) chooser.trust();
      follower.check();
    }, NEXT_SOURCE_MS);
  follower.check();
  return follower;
}
