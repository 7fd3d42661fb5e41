/**
 * When an outbox may retry: after its own back-off, and not before the server's Retry-After.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 5 * 60_000;
/** More than any reasonable Retry-After, and less than a delay that overflows a timer, which then fires at once. */
const LONGEST_ASKED_MS = 24 * 60 * 60_000;

/** The back-off of one outbox. */
export interface RetryPace {
  /** An attempt got an answer that settled its report. */
  succeeded(): void;
  /** An attempt failed; `askedMs` is the server's Retry-After. */
  failed(askedMs?: number): void;
  /** The network is back: forget earlier failures. */
  reset(): void;
  /** Whether the server's Retry-After is not over yet. */
  mustWait(): boolean;
  /** How long to wait before the next retry, in milliseconds, with jitter. */
  delayMs(): number;
}

/** Creates a back-off: 1 s, doubled with each failure up to 5 min; half of each delay is jitter. */
export function createRetryPace(now: () => number, random: () => number): RetryPace {
  let failures = 0;
  let quietUntil = 0;

  function quietMs(): number {
    const leftMs = quietUntil - now();
    return leftMs > LONGEST_ASKED_MS ? 0 : Math.max(0, leftMs); // More can be left only if the clock was set back.
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
      // Add jitter to the server's Retry-After, so that players do not all retry at the same instant.
      return quietMs() > 0 ? Math.max(jitteredMs, quietMs() + FIRST_MS * random()) : jitteredMs;
    },
  };
}
