/**
 * Sends waiting reports again. Loaded only if one waits, and imports nothing that the tracker's own file contains.
 */
import { answerOf, isBusy, type Answer } from './answer.js';
import type { Reply } from './api.js';
import { createBackoff } from './backoff.js';
import { MAX_EVENTS, resultsOf, sizeThatFits } from './batch.js';
import type { Waiting } from './outbox.js';
import { browserLocks, createReportLock } from './report-lock.js';

/** The failures after which a flush ends: a server that fails at everything gets few requests. */
const MAX_FAILURES = 3;

/** The retries of one outbox. */
export interface Redelivery {
  /** Takes note of the reply to the first attempt of these reports. */
  answered(keys: string[], reply: Reply | undefined): void;
  /** The requests that new reports go in: one, or one for each, or none before the server's Retry-After is over. */
  groupsOf(keys: string[]): string[][];
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
    answered(keys, reply) {
      const failures = receive(keys, reply);
      keys.forEach((key) => lock.release(key));
      if (failures === 0) stopRetry();
      if (failures === undefined) void redelivery.flush();
      else redelivery.scheduleRetry();
    },
    groupsOf(keys) {
      if (!backoff.mustWait()) return takesBatches ? [keys] : keys.map((key) => [key]);
      redelivery.scheduleRetry();
      return [];
    },
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
    const mine = keys.filter((key, index) => acquired[index] && store.read(key)); // Others are settled.
    mine.forEach((key) => underWay.add(key));
    const failures = (mine.length > 1 ? await send(mine) : undefined) ?? (await sendEach(mine));
    mine.forEach((key) => underWay.delete(key));
    release(failures === 0);
    return failures;
  }

  async function sendEach(keys: string[]): Promise<number> {
    let failures = 0;
    for (const key of keys) {
      if (!store.read(key)) continue; // Delivered by another tab, or evicted.
      failures += (await send([key])) ?? 0;
      if (failures >= MAX_FAILURES) break;
    }
    return failures;
  }

  /** Sends reports in one request. Returns how many failed; undefined if they have to be sent one by one. */
  async function send(keys: string[]): Promise<number | undefined> {
    return receive(keys, await request(keys));
  }

  /** Acts on the reply to a request with these reports. Returns the same. */
  function receive(keys: string[], reply: Reply | undefined): number | undefined {
    const answers = answersOf(keys.length, reply);
    const failures = answers && keys.filter((key, index) => !resolve(key, answers[index] ?? { kind: 'later' })).length;
    return isBusy(reply) ? MAX_FAILURES : failures;
  }

  /** The answer to each of `size` reports. undefined if the server takes no batches, which are then not sent any more. */
  function answersOf(size: number, reply: Reply | undefined): Answer[] | undefined {
    if (size > 1 && !isBusy(reply)) {
      const results = resultsOf(reply, size);
      takesBatches = results !== undefined;
      if (!results) batchSize = 1;
      return results;
    }
    if (size > 1) batchSize = Math.ceil(size / 2); // Perhaps one of them is the cause: smaller batches find it.
    return Array<Answer>(size).fill(answerOf(reply, now()));
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
