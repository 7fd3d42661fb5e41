/**
 * Delivers reports: at once if possible, otherwise with retries, during this visit or the next.
 *
 * What sends a waiting report again is in redelivery.ts, which is loaded only if a report waits.
 */
import { encode, post, type Reply, type Send } from './api.js';
import { browserStorage } from './browser-storage.js';
import type { Milestone } from './milestone.js';
import type { Redelivery } from './redelivery.js';
import { createReportStore, type ReportStore } from './report-store.js';

/** Timeout of a request. A retry is safe, because the server recognizes a report that it has already accepted. */
const TIMEOUT_MS = 10_000;

/** When to try again if redelivery.ts could not be loaded. */
const RELOAD_MS = 60_000;

/** Takes reports, and sends each until the server has given a final answer. */
export interface Outbox {
  /**
   * Stores what was crossed together and sends it, in one request. That has started when this returns, so the page may
   * close right away.
   */
  add(...milestones: Milestone[]): void;
  /** Sends waiting reports, until all are settled or the server cannot take more. */
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
  /** Writes a warning for the site's owner. */
  warn?: (message: string) => void;
  /** Loads the code that sends waiting reports again. */
  load?: () => Promise<typeof import('./redelivery.js')>;
}

/** What the outbox shares with its redelivery. */
export interface Waiting {
  endpoint: string;
  store: ReportStore;
  storage: Storage | null;
  /** The keys of the reports that this page made. */
  own: Set<string>;
  /** The keys of reports that this page is sending. */
  underWay: Set<string>;
  /** Posts these reports, several as one batch. Resolves to undefined if there is no answer, and never rejects. */
  request: (keys: string[]) => Promise<Reply | undefined>;
  after: (ms: number, work: () => void) => () => void;
  locks?: LockManager | null;
  now?: () => number;
  random?: () => number;
  warn?: (message: string) => void;
}

/** Creates an outbox. It does nothing until `add`, `flush` or `start` is called. */
export function createOutbox(options: OutboxOptions): Outbox {
  const {
    endpoint,
    send = (url: string, init: RequestInit) => fetch(url, init),
    storage = browserStorage('local'),
    network = globalThis,
    random = Math.random,
    after = afterTimeout,
    load = loadRedelivery,
  } = options;
  const store = createReportStore(storage, endpoint, random);
  const own = new Set<string>();
  const underWay = new Set<string>();
  let redelivery: Redelivery | undefined;
  let cancelReload: (() => void) | undefined;

  const outbox: Outbox = {
    add(...milestones) {
      const keys = milestones.map((milestone) => store.put(milestone.ts, encode(milestone)));
      for (const key of keys) own.add(key);
      for (const group of redelivery?.groupsOf(keys) ?? [keys]) void attempt(group);
    },
    flush: () => withRedelivery((loaded) => loaded.flush()),
    start() {
      const resume = (): void => void withRedelivery((loaded) => loaded.resume());
      network.addEventListener('online', resume);
      void outbox.flush();
      return () => network.removeEventListener('online', resume);
    },
  };

  /** Sends new reports. */
  async function attempt(keys: string[]): Promise<void> {
    for (const key of keys) underWay.add(key);
    const reply = await request(keys);
    for (const key of keys) {
      underWay.delete(key);
      if (reply?.accepted) store.remove(key);
    }
    await withRedelivery((loaded) => loaded.answered(keys, reply));
  }

  async function request(keys: string[]): Promise<Reply | undefined> {
    const aborter = new AbortController();
    const cancelTimeout = after(TIMEOUT_MS, () => aborter.abort());
    const bodies = keys.map((key) => store.read(key) ?? 'null');
    const reply = await post(send, endpoint, bodies, aborter.signal);
    cancelTimeout();
    return reply;
  }

  /** Runs `work` if a report waits. If the code for it cannot be loaded, reports wait for the next try or visit. */
  async function withRedelivery(work: (loaded: Redelivery) => void | Promise<void>): Promise<void> {
    if (store.keys().every((key) => underWay.has(key))) return;
    cancelReload?.();
    try {
      const { createRedelivery } = await load();
      redelivery ??= createRedelivery({ ...options, storage, after, store, own, underWay, request });
      await work(redelivery);
    } catch {
      cancelReload = after(RELOAD_MS, () => void outbox.flush());
    }
  }

  return outbox;
}

/**
 * Does not try offline, because browsers used to keep a failed import for the page's life (whatwg/html#6768), and
 * because Vite tells the site about it (`vite:preloadError`), on which many sites reload the page.
 */
async function loadRedelivery(): Promise<typeof import('./redelivery.js')> {
  if (!navigator.onLine) throw new Error();
  return import('./redelivery.js');
}

function afterTimeout(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
