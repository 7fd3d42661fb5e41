/**
 * Keeps two tabs from sending one report at the same time.
 *
 * With Web Locks the browser does it, and frees a lock when its tab goes. On plain http there are none: then a lease in
 * localStorage stands for the lock. Two tabs could take a lease in the same instant; that costs a request, not a count.
 */

/** Longer than a request may take, so that a lease outlives the request that it stands for. */
const LEASE_MS = 15_000;

/** One lock for each report. */
export interface ReportLock {
  /** Holds the lock of a report that no other tab has seen yet, until `sent` is settled. */
  hold(key: string, sent: Promise<unknown>): void;
  /** Runs `work` if no other tab holds the lock; else returns `otherwise`. */
  ifFree<T>(key: string, work: () => Promise<T>, otherwise: T): Promise<T>;
}

/** Makes the locks: by Web Locks where there are, else by leases, and without storage by nothing. */
export function createReportLock(locks: LockManager | null, storage: Storage | null, now: () => number): ReportLock {
  if (locks) return webLock(locks);
  return storage ? leaseLock(storage, now) : { hold: () => undefined, ifFree: (_key, work) => work() };
}

function webLock(locks: LockManager): ReportLock {
  return {
    hold(key, sent) {
      // Asked for in the task that stored the report: another tab that sees it there is behind in the queue. Refused
      // where the page is just closing: then its request is under way, and the lock would go with it anyway.
      locks.request(key, () => sent).catch(() => undefined);
    },
    async ifFree(key, work, otherwise) {
      try {
        return await locks.request(key, { ifAvailable: true }, async (lock) => (lock ? await work() : otherwise));
      } catch {
        return work(); // Locks are forbidden to this page. So is storage then: there is nothing to share with other tabs.
      }
    },
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
    async ifFree(key, work, otherwise) {
      if (!take(key)) return otherwise;
      return work().finally(() => giveBack(key));
    },
  };
}
