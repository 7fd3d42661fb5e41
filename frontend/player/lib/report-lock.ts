/**
 * Prevents two tabs from sending the same report at the same time.
 *
 * A new report belongs to its own page: the time in its key begins a lease, which ends early if the first attempt
 * fails. After that, Web Locks decide who sends it; the browser frees a lock when its tab closes. Plain http has no Web
 * Locks, so another lease in localStorage replaces the lock. Two tabs could take that at the same instant: an extra
 * request, no extra count.
 */

/** Longer than the timeout of a request, so that a lease outlives its request. */
const LEASE_MS = 15_000;

/** Hold the lock this long after delivery: other tabs see a lock at once, but a removal from localStorage later. */
const LINGER_MS = 200;

/** Locks, one per report. */
export interface ReportLock {
  /**
   * Acquires the lock of a report and holds it until `sent` resolves to whether the report is settled. Resolves to
   * false if another tab has it. `isOwn`: this page made the report, and its first attempt is over.
   */
  tryAcquire(key: string, sent: Promise<boolean>, isOwn: boolean): Promise<boolean>;
  /** Ends the lease of a report, so that any tab may send it. */
  release(key: string): void;
}

type After = (ms: number, work: () => void) => unknown;

/** The browser's Web Locks; null on plain http, where they are undefined, contrary to the types. */
export function browserLocks(): LockManager | null {
  const { locks } = navigator as Partial<Navigator>;
  return locks ?? null;
}

/** Creates the locks. */
export function createReportLock(
  locks: LockManager | null,
  storage: Storage | null,
  now: () => number,
  after: After,
): ReportLock {
  const lock: ReportLock = {
    async tryAcquire(key, sent, isOwn) {
      const until = leasedUntil(storage, key) ?? (isOwn ? 0 : madeAt(key) + LEASE_MS);
      if (until > now() && until <= now() + LEASE_MS) return false; // A longer lease means that the clock was set back.
      void sent.then((settled) => {
        if (!settled) lock.release(key); // A settled report's lease has gone with it.
      });
      if (locks) return acquireWebLock(locks, key, sent, after);
      lease(storage, key, now() + LEASE_MS);
      return true;
    },
    release: (key) => lease(storage, key, 0),
  };
  return lock;
}

function acquireWebLock(locks: LockManager, key: string, sent: Promise<boolean>, after: After): Promise<boolean> {
  return new Promise((resolve) => {
    locks
      .request(key, { ifAvailable: true }, async (lock) => {
        resolve(lock !== null);
        if (lock && (await sent)) await new Promise<void>((done) => after(LINGER_MS, done));
      })
      // Locks are blocked for this page. So is storage then, and nothing is shared with other tabs.
      .catch(() => resolve(true));
  });
}

function madeAt(key: string): number {
  return Number(key.split(':').at(-2));
}

function leasedUntil(storage: Storage | null, key: string): number | undefined {
  try {
    const until = storage?.getItem(`lease:${key}`);
    return until ? Number(until) : undefined;
  } catch {
    return 0; // Storage is blocked: nothing is shared with other tabs.
  }
}

function lease(storage: Storage | null, key: string, until: number): void {
  try {
    if (storage?.getItem(key)) storage.setItem(`lease:${key}`, String(until)); // Not for a report that is gone.
  } catch {
    // Storage is full or blocked: sending twice is better than not sending.
  }
}
