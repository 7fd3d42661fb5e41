/**
 * When a stream that waits for its server or the network tries again.
 */
const FIRST_MS = 2_000;
const LONGEST_MS = 30_000;

/** Clock, timer, dice and network of a stream. */
export interface StreamWorld {
  now: () => number;
  /** Runs `work` in `ms` milliseconds. Returns a function to cancel it. */
  after: (ms: number, work: () => void) => () => void;
  random: () => number;
  /** Fires `online`. */
  network: EventTarget;
}

export const browserWorld = (): StreamWorld => ({
  now: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  network: globalThis,
});

export interface BackOff {
  /** How many tries have failed in a row. */
  readonly failures: number;
  /** Runs `work` in 2 s, after another failure in 4 s, ... at most 30 s; half of that is jitter. */
  wait(work: () => void): void;
  /** Runs at once what waits, but at most one try in 2 s. */
  hurry(): void;
  succeeded(): void;
  /** Forgets what waits. */
  stop(): void;
}

export function createBackOff({ now, after, random }: StreamWorld): BackOff {
  let failures = 0;
  let triedAt = -FIRST_MS;
  let waiting: (() => void) | undefined;
  let cancel = (): void => undefined;

  function plan(ms: number, work: () => void): void {
    cancel();
    waiting = work;
    cancel = after(ms, () => {
      waiting = undefined;
      triedAt = now();
      work();
    });
  }
  return {
    get failures() {
      return failures;
    },
    wait(work) {
      plan(Math.min(FIRST_MS * 2 ** failures, LONGEST_MS) * (0.5 + random() / 2), work);
      failures += 1;
    },
    hurry() {
      if (waiting) plan(Math.max(0, triedAt + FIRST_MS - now()), waiting);
    },
    succeeded() {
      failures = 0;
    },
    stop() {
      cancel();
      waiting = undefined;
    },
  };
}
