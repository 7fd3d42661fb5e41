/**
 * Prevents two tabs from sending the same report at the same time.
 *
 * With Web Locks, the browser does this and frees a lock when its tab closes. Plain http has no Web Locks, so a lease
 * in localStorage replaces the lock. Two tabs could take a lease at the same instant: an extra request, no extra count.
 */

/** Longer than the timeout of a request, so that a lease outlives its request. */
const LEASE_MS = 15_000;

/** Hold the lock this long after delivery: other tabs see a lock at once, but a removal from localStorage later. */
const LINGER_MS = 200;

/** Locks, one per report. */
export interface ReportLock {
  /** Holds the lock of a report that no other tab knows yet, until `sent` resolves to whether the report is settled. */
  acquire(key: string, sent: Promise<boolean>): void;
  /** Runs `work` if the lock is free. Returns whether the report is settled or another tab, with the lock, sends it. */
  tryAcquire(key: string, work: () => Promise<boolean>): Promise<boolean>;
}

type After = (ms: number, work: () => void) => unknown;

/** Creates the locks: with Web Locks if available, else with leases; without storage there are no locks. */
export function createReportLock(
  locks: LockManager | null,
  storage: Storage | null,
  now: () => number,
  after: After,
): ReportLock {
  if (locks) return webLock(locks, after);
  return storage ? leaseLock(storage, now) : { acquire: () => undefined, tryAcquire: (_key, work) => work() };
}

function webLock(locks: LockManager, after: After): ReportLock {
  const linger = async (sent: Promise<boolean> | true): Promise<void> => {
    if (await sent) await new Promise<void>((resolve) => after(LINGER_MS, resolve));
  };

  return {
    acquire(key, sent) {
      // Requested in the same task that stored the report, so another tab that finds the report there queues behind.
      // If the page is closing, the request for a lock fails; the report is being sent then, and the lock would be
      // released anyway.
      locks.request(key, () => linger(sent)).catch(() => undefined);
    },
    tryAcquire: (key, work) =>
      new Promise((resolve) => {
        locks
          .request(key, { ifAvailable: true }, (lock) => {
            const sent = lock ? work() : true;
            resolve(sent);
            return linger(sent);
          })
          // Locks are blocked for this page. So is storage then, and nothing is shared with other tabs.
          .catch(() => resolve(work()));
      }),
  };
}

function leaseLock(storage: Storage, now: () => number): ReportLock {
  const nameOf = (key: string): string => `lease:${key}`;

  function takeLease(key: string): boolean {
    try {
      const until = Number(storage.getItem(nameOf(key)));
      if (until > now() && until <= now() + LEASE_MS) return false; // A longer lease means that the clock was set back.
      storage.setItem(nameOf(key), String(now() + LEASE_MS));
    } catch {
      // Storage is full or blocked: sending twice is better than not sending.
    }
    return true;
  }
  function releaseLease(key: string): void {
    try {
      storage.removeItem(nameOf(key));
    } catch {
      // Storage was blocked in the meantime; the lease expires by itself.
    }
  }
  return {
    acquire(key, sent) {
      takeLease(key);
      void sent.finally(() => releaseLease(key));
    },
    async tryAcquire(key, work) {
      if (!takeLease(key)) return true;
      return work().finally(() => releaseLease(key));
    },
  };
}
