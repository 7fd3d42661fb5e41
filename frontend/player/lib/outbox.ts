/**
 * Delivers reports: at once if possible, otherwise with retries, during this visit or the next.
 */
import { encode, post, type Answer, type Send } from './api.js';
import { createBackoff } from './backoff.js';
import { browserStorage } from './browser-storage.js';
import type { Milestone } from './milestone.js';
import { createReportLock } from './report-lock.js';
import { createReportStore } from './report-store.js';

/** Timeout of a request. A retry is safe, because the server recognizes a report that it has already accepted. */
const TIMEOUT_MS = 10_000;

/** Takes reports, and sends each until the server has given a final answer. */
export interface Outbox {
  /** Stores a report and sends it. The request has started when this returns, so the page may close right away. */
  add(milestone: Milestone): void;
  /** Sends waiting reports one after another, until all are settled or one fails. */
  flush(): Promise<void>;
  /** Flushes now and on every `online` event, until the returned function is called. Retries go on after that. */
  start(): () => void;
}

/** Where reports go, and the browser's APIs, which are the defaults for everything but `endpoint`. */
export interface OutboxOptions {
  /** The URL of `POST /analytics`. */
  endpoint: string;
  send?: Send;
  /** Where reports wait; null for memory only. */
  storage?: Storage | null;
  /** Web Locks; null if the browser has none. */
  locks?: LockManager | null;
  /** The target of `online` events. */
  network?: EventTarget;
  now?: () => number;
  /** Returns a number from 0 to below 1. */
  random?: () => number;
  /** Runs `work` after `ms` milliseconds. Returns a function that cancels it. */
  after?: (ms: number, work: () => void) => () => void;
}

/** Creates an outbox. It does nothing until `add`, `flush` or `start` is called. */
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
  const store = createReportStore(storage, `pulse:report:${encodeURIComponent(endpoint)}:`, random);
  const lock = createReportLock(locks, storage, now, after);
  const backoff = createBackoff(now, random);
  const underWay = new Set<string>();
  let flushing: Promise<void> | undefined;
  let cancelRetry = (): void => undefined;

  const outbox: Outbox = {
    add(milestone) {
      const key = store.put(milestone.ts, encode(milestone));
      if (backoff.mustWait()) {
        scheduleRetry();
        return;
      }
      const sent = attempt(key);
      lock.acquire(key, sent);
      void sent.then(scheduleRetry);
    },
    flush() {
      flushing ??= sendAll().finally(() => {
        flushing = undefined;
        scheduleRetry();
      });
      return flushing;
    },
    start() {
      const resume = (): void => {
        backoff.reset();
        void outbox.flush();
      };
      network.addEventListener('online', resume);
      void outbox.flush();
      return () => network.removeEventListener('online', resume);
    },
  };

  /** Stops at the first report that fails, because the reports after it would probably fail, too. */
  async function sendAll(): Promise<void> {
    for (const key of store.keys()) {
      if (backoff.mustWait()) return;
      if (underWay.has(key)) continue;
      if (!(await lock.tryAcquire(key, () => attempt(key)))) return;
    }
  }

  /** Sends one report. Returns whether it is settled, and never rejects. */
  async function attempt(key: string): Promise<boolean> {
    const body = store.read(key);
    if (body === undefined) return true; // Delivered by another tab, or evicted.
    underWay.add(key);
    const aborter = new AbortController();
    const cancelTimeout = after(TIMEOUT_MS, () => aborter.abort());
    const answer = await post(send, endpoint, body, aborter.signal, now);
    cancelTimeout();
    underWay.delete(key);
    return resolve(key, answer);
  }

  function resolve(key: string, answer: Answer): boolean {
    switch (answer.kind) {
      case 'done':
      case 'refused':
        store.remove(key);
        backoff.succeeded();
        return true;
      case 'later':
        backoff.failed(answer.waitMs);
        return false;
      default:
        return answer satisfies never;
    }
  }

  /** Schedules one retry if any report waits, even one that another tab is sending, because that tab may close. */
  function scheduleRetry(): void {
    cancelRetry();
    if (store.keys().length === 0) return;
    cancelRetry = after(backoff.delayMs(), () => void outbox.flush());
  }

  return outbox;
}

function browserLocks(): LockManager | null {
  // Undefined on plain http, contrary to the types.
  const { locks } = globalThis.navigator as Partial<Navigator>;
  return locks ?? null;
}

function afterTimeout(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
