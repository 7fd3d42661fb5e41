/**
 * Keeps two tabs from sending one report at the same time.
 *
 * With Web Locks the browser does it, and frees a lock when its tab goes. On plain http there are none: then a lease in
 * localStorage stands for the lock. Two tabs could take a lease in the same instant; that costs a request, not a count.
 */

/** Longer than a request may take, so that a lease outlives the request that it stands for. */
const LEASE_MS = 15_000;

/** How long the lock of a delivered report stays: it reaches the other tabs sooner than what is gone from localStorage. */
const LINGER_MS = 200;

/** One lock for each report. */
export interface ReportLock {
  /** Holds the lock of a report that no other tab has seen yet, until `sent` tells whether the report is settled. */
  hold(key: string, sent: Promise<boolean>): void;
  /** Whether `work` settled the report; true, too, if another tab holds its lock and sees to it. */
  ifFree(key: string, work: () => Promise<boolean>): Promise<boolean>;
}

type After = (ms: number, work: () => void) => unknown;

/** Makes the locks: by Web Locks where there are, else by leases, and without storage by nothing. */
export function createReportLock(
  locks: LockManager | null,
  storage: Storage | null,
  now: () => number,
  after: After,
): ReportLock {
  if (locks) return webLock(locks, after);
  return storage ? leaseLock(storage, now) : { hold: () => undefined, ifFree: (_key, work) => work() };
}

function webLock(locks: LockManager, after: After): ReportLock {
  const linger = async (sent: Promise<boolean> | true): Promise<void> => {
    if (await sent) await new Promise<void>((resolve) => after(LINGER_MS, resolve));
  };

  return {
    hold(key, sent) {
      // Asked for in the task that stored the report: another tab that sees it there is behind in the queue. Refused
      // where the page is just closing: then its request is under way, and the lock would go with it anyway.
      locks.request(key, () => linger(sent)).catch(() => undefined);
    },
    ifFree: (key, work) =>
      new Promise((resolve) => {
        locks
          .request(key, { ifAvailable: true }, (lock) => {
            const sent = lock ? work() : true;
            resolve(sent);
            return linger(sent);
          })
          // Locks are forbidden to this page. So is storage then: there is nothing to share with other tabs.
          .catch(() => resolve(work()));
      }),
  };
}

function leaseLock(storage: Storage, now: () => number): ReportLock {
  const nameOf = (key: string): string => `lease:${key}`;

  function take(key: string): boolean {
    try {
      const until = Number(storage.getItem(nameOf(key)));
      if (until > now() && until <= now() + LEASE_MS) return false; // Beyond that the clock was set back.
      storage.setItem(nameOf(key), String(now() + LEASE_MS));
    } catch {
      // Full or forbidden: sending twice is better than not sending.
    }
    return true;
  }
  function giveBack(key: string): void {
    try {
      storage.removeItem(nameOf(key));
    } catch {
      // Forbidden meanwhile: the lease ends by itself.
    }
  }
  return {
    hold(key, sent) {
      take(key);
      void sent.finally(() => giveBack(key));
    },
    async ifFree(key, work) {
      if (!take(key)) return true;
      return work().finally(() => giveBack(key));
    },
  };
}
