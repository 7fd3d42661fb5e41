/**
 * Replays a recorded trace to a tracker, through an element that has the recorded state at each event.
 */

/** A trace, as README.md in this folder describes it. */
export interface Trace {
  about: string;
  browser: string;
  recorded: string;
  filmSeconds: number;
  /** The milestones of the film: each is to be noticed once, between these times, and nothing else is. */
  expected: { event: string; from: number; passed: number; to: number }[];
  events: (Partial<TraceState> & { t: number; type: string })[];
}

/** The recorded state. An event names only what has changed since the one before. */
export interface TraceState {
  currentTime: number;
  duration: Seconds;
  paused: boolean;
  ended: boolean;
  seeking: boolean;
  rate: number;
  loop: boolean;
  readyState: number;
  networkState: number;
  src: string;
  played: [Seconds, Seconds][];
  seekable: [Seconds, Seconds][];
  visibility: DocumentVisibilityState;
}

/** A number, or what JSON has no number for. */
type Seconds = number | 'NaN' | 'Infinity';

/** A tracker under test. */
export interface Tracked {
  stop(): void;
  /** Called when the page says that what plays from now on is, or is no longer, an ad. */
  ad?(isPlaying: boolean): void;
}

/**
 * Replays `trace`. `track` starts the tracker at the first event; `wait` lets time pass, real or simulated.
 *
 * Returns a function that stops the tracker. What it notices only then is lost, because the page is gone.
 */
export async function replay(
  trace: Trace,
  track: (element: HTMLVideoElement) => Tracked,
  wait: (milliseconds: number) => Promise<void>,
): Promise<() => void> {
  const element = document.body.appendChild(document.createElement('video'));
  const state = {} as TraceState;
  defineGetters(element, elementGetters(state));
  defineGetters(document, { visibilityState: () => state.visibility });
  let tracked: Tracked | undefined;
  let elapsed = 0;
  for (const { t, type, ...changed } of trace.events) {
    await wait(t - elapsed);
    elapsed = t;
    Object.assign(state, changed);
    if (tracked && /^ad(start|end)$/.test(type)) tracked.ad?.(type === 'adstart');
    else targetOf(type, element).dispatchEvent(new Event(type));
    tracked ??= track(element);
  }
  return () => {
    tracked?.stop();
    element.remove();
    Reflect.deleteProperty(document, 'visibilityState');
  };
}

function targetOf(type: string, element: HTMLVideoElement): EventTarget {
  if (type === 'pagehide') return window;
  return type === 'visibilitychange' ? document : element;
}

function elementGetters(state: TraceState): Record<string, () => unknown> {
  return {
    currentTime: () => state.currentTime,
    duration: () => Number(state.duration),
    paused: () => state.paused,
    ended: () => state.ended,
    seeking: () => state.seeking,
    playbackRate: () => state.rate,
    loop: () => state.loop,
    readyState: () => state.readyState,
    networkState: () => state.networkState,
    currentSrc: () => state.src,
    played: () => timeRanges(state.played),
    seekable: () => timeRanges(state.seekable),
  };
}

function timeRanges(ranges: TraceState['played']): TimeRanges {
  return {
    length: ranges.length,
    start: (index) => Number(ranges[index]?.[0]),
    end: (index) => Number(ranges[index]?.[1]),
  };
}

function defineGetters(target: object, getters: Record<string, () => unknown>): void {
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(target, name, { get, configurable: true });
}
