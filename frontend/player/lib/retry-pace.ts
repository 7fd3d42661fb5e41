/**
 * When an outbox may try again: after its own back-off, and not before the server said.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 5 * 60_000;
/** More than any sane Retry-After, less than what makes a timer overflow and fire at once. */
const LONGEST_ASKED_MS = 24 * 60 * 60_000;

/** The pace of one outbox. */
export interface RetryPace {
  /** An attempt got an answer that settled its report. */
  succeeded(): void;
  /** An attempt failed; `askedMs` is the server's Retry-After. */
  failed(askedMs?: number): void;
  /** The network is back: what failed before says nothing any more. */
  reset(): void;
  /** Whether the server asked to be left alone, and still is to be. */
  mustWait(): boolean;
  /** How long to wait before the next retry, in milliseconds, with jitter. */
  delayMs(): number;
}

/** Makes a pace: 1 s, doubled with each failure up to 5 min, of which half is left to chance. */
export function createRetryPace(now: () => number, random: () => number): RetryPace {
  let failures = 0;
  let quietUntil = 0;

  function quietMs(): number {
    const leftMs = quietUntil - now();
    return leftMs > LONGEST_ASKED_MS ? 0 : Math.max(0, leftMs); // More is left only if the clock was set back.
  }
  return {
    succeeded() {
      failures = 0;
    },
    failed(askedMs = 0) {
      failures += 1;
      quietUntil = Math.max(quietUntil, now() + Math.min(askedMs, LONGEST_ASKED_MS));
    },
    reset() {
      failures = 0;
    },
    mustWait: () => quietMs() > 0,
    delayMs() {
      const backoffMs = Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS);
      const jitteredMs = backoffMs * (0.5 + random() / 2);
      // Jitter comes on top of what the server asked for, so that not all players come back in the same instant.
      return quietMs() > 0 ? Math.max(jitteredMs, quietMs() + FIRST_MS * random()) : jitteredMs;
    },
  };
}
