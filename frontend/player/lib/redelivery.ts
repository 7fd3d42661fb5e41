/**
 * Sends waiting reports again. Loaded only if one waits, and imports nothing that the tracker's own file contains.
 */
import { answerOf, isBusy, type Answer } from './answer.js';
import type { Reply } from './api.js';
import { createBackoff } from './backoff.js';
import { batchOf, batchUrlOf, MAX_EVENTS, resultsOf, sizeThatFits } from './batch.js';
import { browserLocks, createReportLock } from './report-lock.js';
import type { ReportStore } from './report-store.js';

/** The failures after which a flush ends: a server that fails at everything gets few requests. */
const MAX_FAILURES = 3;

/** What the outbox shares with its redelivery. */
export interface Waiting {
  endpoint: string;
  store: ReportStore;
  storage: Storage | null;
  /** The keys of the reports that this page made. */
  own: Set<string>;
  /** The keys of reports that this page is sending. */
  underWay: Set<string>;
  /** Posts JSON. Resolves to undefined if there is no answer, and never rejects. */
  request: (url: string, body: string) => Promise<Reply | undefined>;
  after: (ms: number, work: () => void) => () => void;
  locks?: LockManager | null;
  now?: () => number;
  random?: () => number;
  warn?: (message: string) => void;
}

/** The retries of one outbox. */
export interface Redelivery {
  /** Takes note of the reply to the first attempt of a report. */
  answered(key: string, reply: Reply | undefined): void;
  /** Whether the server's Retry-After is not over yet. */
  mustWait(): boolean;
  /** Schedules one retry if any report waits, even one that another tab is sending, because that tab may close. */
  scheduleRetry(): void;
  /** Sends waiting reports, until all are settled or the server cannot take more. */
  flush(): Promise<void>;
  /** The network is back: flushes without regard to earlier failures. */
  resume(): Promise<void>;
}

/** Creates the retries of an outbox. Nothing is sent until `flush`, `resume` or `scheduleRetry` is called. */
export function createRedelivery({
  endpoint,
  store,
  storage,
  own,
  underWay,
  request,
  after,
  locks = browserLocks(),
  now = Date.now,
  random = Math.random,
  warn = warnInConsole,
}: Waiting): Redelivery {
  const lock = createReportLock(locks, storage, now, after);
  const backoff = createBackoff(now, random);
  const warned = new Set<Answer['kind']>();
  /** The reports that failed, the last failure last; so that they do not hold up the others (aptabase/aptabase-maui#19). */
  const failed = new Set<string>();
  let takesBatches = true;
  let batchSize = MAX_EVENTS;
  let flushing: Promise<void> | undefined;
  let cancelRetry: (() => void) | undefined;

  const redelivery: Redelivery = {
    answered(key, reply) {
      if (resolve(key, answerOf(reply, now()))) stopRetry();
      else lock.release(key);
      redelivery.scheduleRetry();
    },
    mustWait: () => backoff.mustWait(),
    scheduleRetry() {
      if (cancelRetry || store.keys().length === 0) return;
      cancelRetry = after(backoff.delayMs(), () => void redelivery.flush());
    },
    flush() {
      flushing ??= sendAll().finally(() => {
        flushing = undefined;
        stopRetry();
        redelivery.scheduleRetry();
      });
      return flushing;
    },
    resume() {
      backoff.reset();
      return redelivery.flush();
    },
  };

  function stopRetry(): void {
    cancelRetry?.();
    cancelRetry = undefined;
  }

  async function sendAll(): Promise<void> {
    backoff.nextRound();
    const keys = new Set(store.keys());
    const left = [...[...keys].filter((key) => !failed.has(key)), ...[...failed].filter((key) => keys.has(key))];
    let failures = 0;
    while (left.length > 0 && failures < MAX_FAILURES && !backoff.mustWait()) {
      const size = sizeThatFits(left.slice(0, batchSize).map((key) => store.read(key) ?? ''));
      failures += await sendGroup(left.splice(0, size));
    }
  }

  /** Sends those reports that no tab is sending. Returns how many failed. */
  async function sendGroup(keys: string[]): Promise<number> {
    let release: (settled: boolean) => void = () => undefined;
    const sent = new Promise<boolean>((settle) => {
      release = settle;
    });
    const acquire = async (key: string): Promise<boolean> =>
      !underWay.has(key) && (await lock.tryAcquire(key, sent, own.has(key)));
    const acquired = await Promise.all(keys.map(acquire));
    const mine = keys.filter((key, index) => acquired[index] && store.read(key) !== undefined); // Others are settled.
    mine.forEach((key) => underWay.add(key));
    const failures = (mine.length > 1 ? await sendBatch(mine) : undefined) ?? (await sendEach(mine));
    mine.forEach((key) => underWay.delete(key));
    release(failures === 0);
    return failures;
  }

  /** Sends reports in one request. Returns how many failed; undefined if they have to be sent one by one. */
  async function sendBatch(keys: string[]): Promise<number | undefined> {
    const reply = await request(batchUrlOf(endpoint), batchOf(keys.map((key) => store.read(key) ?? 'null')));
    if (isBusy(reply)) {
      // Perhaps one of them is the cause: smaller batches find it.
      batchSize = Math.ceil(keys.length / 2);
      const answer = answerOf(reply, now());
      keys.forEach((key) => resolve(key, answer));
      return MAX_FAILURES;
    }
    const results = resultsOf(reply, keys.length);
    takesBatches = results !== undefined;
    if (!results) batchSize = 1;
    return results && keys.filter((key, index) => !resolve(key, results[index] ?? { kind: 'later' })).length;
  }

  async function sendEach(keys: string[]): Promise<number> {
    let failures = 0;
    for (const key of keys) {
      const body = store.read(key);
      if (body === undefined) continue; // Delivered by another tab, or evicted.
      const reply = await request(endpoint, body);
      if (!resolve(key, answerOf(reply, now()))) failures += isBusy(reply) ? MAX_FAILURES : 1;
      if (failures >= MAX_FAILURES) break;
    }
    return failures;
  }

  /** Acts on an answer. Returns whether the report is settled. */
  function resolve(key: string, answer: Answer): boolean {
    switch (answer.kind) {
      case 'done':
        break;
      case 'refused':
        warnOnce('refused', `refused a report for good (${answer.reason}). It will not be sent again.`);
        break;
      case 'foreign':
        warnOnce(
          'foreign',
          `got ${answer.reason}, not our answer. Reports wait. Check endpoint, redirects and proxies.`,
        );
        return fail(key);
      case 'later':
        return fail(key, answer.waitMs);
      default:
        return answer satisfies never;
    }
    store.remove(key);
    backoff.succeeded();
    if (takesBatches) batchSize = MAX_EVENTS;
    return true;
  }

  function fail(key: string, waitMs?: number): false {
    failed.delete(key);
    failed.add(key);
    backoff.failed(waitMs);
    return false;
  }

  function warnOnce(kind: Answer['kind'], what: string): void {
    if (!warned.has(kind)) warn(`pulse_analytics: POST ${endpoint} ${what}`);
    warned.add(kind);
  }

  return redelivery;
}

function warnInConsole(message: string): void {
  console.warn(message); // eslint-disable-line no-console -- The site's owner has no other way to learn of it.
}
