/**
 * Sends waiting reports again. Loaded only if one waits, and imports nothing that the tracker's own file contains.
 */
import { answerOf, type Answer } from './answer.js';
import type { Reply } from './api.js';
import { createBackoff } from './backoff.js';
import { createReportLock } from './report-lock.js';
import type { ReportStore } from './report-store.js';

/** What the outbox shares with its redelivery. */
export interface Waiting {
  endpoint: string;
  store: ReportStore;
  storage: Storage | null;
  /** The keys of the reports that this page made. */
  own: Set<string>;
  /** The keys of reports that this page is sending. */
  underWay: Set<string>;
  /** Posts a report. Resolves to undefined if there is no answer, and never rejects. */
  request: (body: string) => Promise<Reply | undefined>;
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
  /** Sends waiting reports one after another, until all are settled or one fails. */
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
  let flushing: Promise<void> | undefined;
  let cancelRetry = (): void => undefined;

  const redelivery: Redelivery = {
    answered(key, reply) {
      if (!resolve(key, reply)) lock.release(key);
      redelivery.scheduleRetry();
    },
    mustWait: () => backoff.mustWait(),
    scheduleRetry() {
      cancelRetry();
      if (store.keys().length === 0) return;
      cancelRetry = after(backoff.delayMs(), () => void redelivery.flush());
    },
    flush() {
      flushing ??= sendAll().finally(() => {
        flushing = undefined;
        redelivery.scheduleRetry();
      });
      return flushing;
    },
    resume() {
      backoff.reset();
      return redelivery.flush();
    },
  };

  /** Stops at the first report that fails, because the reports after it would probably fail, too. */
  async function sendAll(): Promise<void> {
    for (const key of store.keys()) {
      if (backoff.mustWait()) return;
      if (underWay.has(key)) continue;
      if (!(await attempt(key))) return;
    }
  }

  /** Sends one report. Returns whether it is settled or another tab, with the lock, sends it. */
  async function attempt(key: string): Promise<boolean> {
    let release: (settled: boolean) => void = () => undefined;
    const sent = new Promise<boolean>((settle) => {
      release = settle;
    });
    if (!(await lock.tryAcquire(key, sent, own.has(key)))) return true;
    const settled = await send(key);
    release(settled);
    return settled;
  }

  async function send(key: string): Promise<boolean> {
    const body = store.read(key);
    if (body === undefined) return true; // Delivered by another tab, or evicted.
    underWay.add(key);
    const reply = await request(body);
    underWay.delete(key);
    return resolve(key, reply);
  }

  /** Acts on a reply. Returns whether the report is settled. */
  function resolve(key: string, reply: Reply | undefined): boolean {
    const answer = answerOf(reply, now());
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
        backoff.failed();
        return false;
      case 'later':
        backoff.failed(answer.waitMs);
        return false;
      default:
        return answer satisfies never;
    }
    store.remove(key);
    backoff.succeeded();
    return true;
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

function browserLocks(): LockManager | null {
  // Undefined on plain http, contrary to the types.
  const { locks } = navigator as Partial<Navigator>;
  return locks ?? null;
}
