/**
 * Delivers reports: now if that works, else again and again, in this visit or in the next.
 */
import { encode, post, type Answer, type Send } from './api.js';
import { browserStorage } from './browser-storage.js';
import type { Milestone } from './milestone.js';
import { createReportLock } from './report-lock.js';
import { createReportShelf } from './report-shelf.js';
import { createRetryPace } from './retry-pace.js';

/** A request that takes longer than this is given up, and retried: the server knows whether it got through. */
const TIMEOUT_MS = 10_000;

/** Takes reports and delivers each until the server has answered for good. */
export interface Outbox {
  /** Keeps a report and sends it. The request has begun when this returns, so a page may close right after. */
  add(milestone: Milestone): void;
  /** Sends what waits, one after the other, and returns when nothing more can be done now. */
  flush(): Promise<void>;
  /** Flushes now, and whenever the network comes back until the returned function is called. What waits is retried still. */
  start(): () => void;
}

/** Where reports go, and the world that they go through; all but `endpoint` are the browser's if left out. */
export interface OutboxOptions {
  /** The URL of `POST /analytics`. */
  endpoint: string;
  send?: Send;
  /** Where reports wait; null: in memory. */
  storage?: Storage | null;
  /** The browser's locks; null: there are none. */
  locks?: LockManager | null;
  /** What fires `online`. */
  network?: EventTarget;
  now?: () => number;
  /** A number from 0 to below 1. */
  random?: () => number;
  /** Runs `work` in `ms` milliseconds, and returns what calls it off. */
  after?: (ms: number, work: () => void) => () => void;
}

/** Makes an outbox. It does nothing before `add`, `flush` or `start` is called. */
export function createOutbox({
  endpoint,
  send = (url, init) => fetch(url, init),
  storage = browserStorage(),
  locks = browserLocks(),
  network = globalThis,
  now = Date.now,
  random = Math.random,
  after = afterTimeout,
}: OutboxOptions): Outbox {
  const shelf = createReportShelf(storage, `pulse:report:${encodeURIComponent(endpoint)}:`, random);
  const lock = createReportLock(locks, storage, now, after);
  const pace = createRetryPace(now, random);
  const underWay = new Set<string>();
  let flushing: Promise<void> | undefined;
  let callOffRetry = (): void => undefined;

  const outbox: Outbox = {
    add(milestone) {
      const key = shelf.put(milestone.ts, encode(milestone));
      if (pace.mustWait()) {
        planRetry();
        return;
      }
      const sent = attempt(key);
      lock.hold(key, sent);
      void sent.then(planRetry);
    },
    flush() {
      flushing ??= sendAll().finally(() => {
        flushing = undefined;
        planRetry();
      });
      return flushing;
    },
    start() {
      const goOn = (): void => {
        pace.reset();
        void outbox.flush();
      };
      network.addEventListener('online', goOn);
      void outbox.flush();
      return () => network.removeEventListener('online', goOn);
    },
  };

  /** Stops at the first report that did not get through: those behind it would not either. */
  async function sendAll(): Promise<void> {
    for (const key of shelf.keys()) {
      if (pace.mustWait()) return;
      if (underWay.has(key)) continue;
      if (!(await lock.ifFree(key, () => attempt(key)))) return;
    }
  }

  /** Sends one report. Returns whether it is settled, and never rejects. */
  async function attempt(key: string): Promise<boolean> {
    const body = shelf.read(key);
    if (body === undefined) return true; // Delivered by another tab, or evicted.
    underWay.add(key);
    const aborter = new AbortController();
    const callOffTimeout = after(TIMEOUT_MS, () => aborter.abort());
    const answer = await post(send, endpoint, body, aborter.signal, now);
    callOffTimeout();
    underWay.delete(key);
    return settle(key, answer);
  }

  function settle(key: string, answer: Answer): boolean {
    switch (answer.kind) {
      case 'done':
      case 'refused':
        shelf.remove(key);
        pace.succeeded();
        return true;
      case 'later':
        pace.failed(answer.waitMs);
        return false;
      default:
        return answer satisfies never;
    }
  }

  /** Plans one retry if anything waits, here or in the hands of a tab that may close. */
  function planRetry(): void {
    callOffRetry();
    if (shelf.keys().length === 0) return;
    callOffRetry = after(pace.delayMs(), () => void outbox.flush());
  }

  return outbox;
}

function browserLocks(): LockManager | null {
  // Missing on plain http, whatever the types say.
  const { locks } = globalThis.navigator as Partial<Navigator>;
  return locks ?? null;
}

function afterTimeout(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
