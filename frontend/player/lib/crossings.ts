/**
 * Decides which milestones an element has crossed, and when they are reported: at once, or when it is certain that it plays the film.
 */
import { checkedOptions } from './checked.js';
import { createContent } from './content.js';
import { canCross, type Measure, type PlaybackSession } from './detector.js';
import { createFilmChooser } from './film.js';
import { SHARES, type MilestoneName } from './milestone.js';
import { createPlayedReader } from './played.js';

/** Ads in a player have 6 to 30 s. What is longer than this is the film, and counts at once. */
const LONGEST_AD_SECONDS = 60;
/** Within this time after an ad has ended, the film is loaded. */
const NEXT_SOURCE_MS = 5000;

/** The options that decide what counts. */
export interface FollowOptions {
  milestones?: readonly (MilestoneName | 'all')[] | null | undefined;
  measure?: Measure | undefined;
  duration?: number | null | undefined;
  /** Whether the element is a VideoPlayer's: its source may come later, and with it infinite durations of live streams. */
  isOwn?: boolean;
}

/** The milestones that are reported together, and when each was crossed. */
export type Crossed = [name: MilestoneName, ts: number][];

/** What one element has crossed. */
export interface Crossings {
  /**
   * Checks whether a milestone has just been crossed.
   *
   * `isFrequent`: nothing has happened but playback. Reading `played` four times a second is the main cost of tracking, so
   * that is skipped then where no milestone can be passed.
   */
  check(isFrequent?: boolean): void;
  /** The same if no later event may come. What is uncertain counts. */
  leave(): void;
  pause(): void;
  resume(): void;
  /** Call it when the element starts to load another source. */
  emptied(): void;
  /** Nothing is crossed from now on. */
  end(): void;
}

/** Starts to check. `report` is called with the milestones that were crossed, each once in a session. */
export function createCrossings(
  element: HTMLVideoElement,
  session: PlaybackSession,
  read: () => FollowOptions,
  report: (crossed: Crossed) => void,
  now: () => number,
): Crossings {
  const { isOwn = false } = read();
  const wasPlayed = element.played.length > 0;
  const played = createPlayedReader(element);
  const content = createContent(element, isOwn, now);
  const chooser = createFilmChooser(isOwn || (element.networkState > 0 && !wasPlayed));
  let isPaused = false;
  const { reported } = session;
  const isDue = (name: MilestoneName): boolean => !reported.has(name);

  function settle(film = chooser.film): void {
    const crossed = [...(film?.times ?? [])].filter(([name]) => isDue(name));
    for (const [name] of crossed) reported.add(name);
    if (crossed[0]) report(crossed);
  }
  const crossings: Crossings = {
    check(isFrequent) {
      const { names, measure, given } = checkedOptions(read());
      const next = names.find(isDue);
      if (isPaused || !next) return;
      if (
        isFrequent &&
        !canCross(element.currentTime, Math.min(element.duration, chooser.film?.seconds ?? NaN), measure, SHARES[next])
      )
        return;
      const seconds = content.seconds(given);
      const ranges = seconds >= 0 ? played.read() : [];
      const film = ranges[0] && chooser.choose(seconds, given);
      if (!film) return;
      const crossed = session.observe(ranges, seconds, content.wasLive ? 'watched' : measure, names.filter(isDue));
      const ts = now();
      const times = (film.times ??= new Map<MilestoneName, number>());
      for (const name of crossed) times.set(name, times.get(name) ?? ts);
      if (!crossed[0]) return;
      if (film.isCertain || seconds > LONGEST_AD_SECONDS || element.loop) settle(film);
      else if ((film.ended = element.ended))
        setTimeout(() => element.ended && chooser.film === film && settle(film), NEXT_SOURCE_MS);
    },
    leave() {
      played.show();
      crossings.check();
      settle();
    },
    pause() {
      crossings.check();
      chooser.trust(true);
      isPaused = true;
    },
    resume() {
      played.hide();
      isPaused = false;
    },
    emptied() {
      played.emptied();
      content.emptied();
      chooser.emptied();
    },
    end() {
      isPaused = true;
      played.close();
    },
  };
  // React may take over an element that was rendered on the server and has played.
  if (isOwn) played.show();
  else if (wasPlayed)
    setTimeout(() => {
      if (played.show() && element.paused) chooser.trust();
      crossings.check();
    }, NEXT_SOURCE_MS);
  crossings.check();
  return crossings;
}
