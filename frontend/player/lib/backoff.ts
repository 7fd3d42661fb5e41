/**
 * When an outbox may retry: after its own back-off, and not before the server's Retry-After.
 */
const INITIAL_MS = 1_000;
const MAX_MS = 5 * 60_000;
/** More than any reasonable Retry-After, and less than a delay that overflows a timer, which then fires at once. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60_000;

/** The back-off of one outbox. */
export interface Backoff {
  /** An attempt got an answer that settled its report. */
  succeeded(): void;
  /** An attempt failed; `retryAfterMs` is the server's Retry-After. Failures of one round count once. */
  failed(retryAfterMs?: number): void;
  /** A flush begins: what fails from now on fails again. */
  nextRound(): void;
  /** The network is back: forget earlier failures. */
  reset(): void;
  /** Whether the server's Retry-After is not over yet. */
  mustWait(): boolean;
  /** How long to wait before the next retry, in milliseconds, with jitter. */
  delayMs(): number;
}

/** Creates a back-off: 1 s, doubled with each failure up to 5 min; half of each delay is jitter. */
export function createBackoff(now: () => number, random: () => number): Backoff {
  let failures = 0;
  let notBefore = 0;
  let isCounted = false;

  function heldBackMs(): number {
    const leftMs = notBefore - now();
    return leftMs > MAX_RETRY_AFTER_MS ? 0 : Math.max(0, leftMs); // More can be left only if the clock was set back.
  }
  return {
    succeeded() {
      failures = 0;
    },
    failed(retryAfterMs = 0) {
      if (!isCounted) failures += 1;
      isCounted = true;
      notBefore = Math.max(notBefore, now() + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
    },
    nextRound() {
      isCounted = false;
    },
    reset() {
      failures = 0;
    },
    mustWait: () => heldBackMs() > 0,
    delayMs() {
      const backoffMs = Math.min(INITIAL_MS * 2 ** Math.max(0, failures - 1), MAX_MS);
      const jitteredMs = backoffMs * (0.5 + random() / 2);
      // Add jitter to the server's Retry-After, so that players do not all retry at the same instant.
      return heldBackMs() > 0 ? Math.max(jitteredMs, heldBackMs() + INITIAL_MS * random()) : jitteredMs;
    },
  };
}
