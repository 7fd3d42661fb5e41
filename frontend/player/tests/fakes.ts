/**
 * Fakes of the browser's APIs: storage, time and network, each shared by all tabs of a test.
 */
import type { Send } from '../lib/api.js';
import type { Milestone } from '../lib/milestone.js';
import { createOutbox, type Outbox, type OutboxOptions } from '../lib/outbox.js';
import * as redelivery from '../lib/redelivery.js';

/** Its items are its own enumerable properties, as a browser has them. */
export class FakeStorage implements Storage {
  [name: string]: unknown;
  #failure: string | undefined;
  #isFull = false;

  get length(): number {
    this.#check();
    return Object.keys(this).length;
  }
  /** From now on every access throws. */
  forbid(): void {
    this.#failure = 'SecurityError';
  }
  /** From now on nothing can be added. */
  fill(): void {
    this.#isFull = true;
  }
  key(index: number): string | null {
    this.#check();
    return Object.keys(this)[index] ?? null;
  }
  getItem(key: string): string | null {
    this.#check();
    return (this[key] as string | undefined) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#check();
    if (this.#isFull) throw new DOMException('full', 'QuotaExceededError');
    this[key] = value;
  }
  removeItem(key: string): void {
    this.#check();
    Reflect.deleteProperty(this, key);
  }
  clear(): void {
    Object.keys(this).forEach((key) => this.removeItem(key));
  }
  #check(): void {
    if (this.#failure) throw new DOMException('forbidden', this.#failure);
  }
}

/** A clock that moves only when a test advances it, and then runs what is due. */
export class FakeClock {
  ms = 1_700_000_000_000;
  #timers = new Set<{ at: number; work: () => void }>();

  readonly now = (): number => this.ms;
  readonly after = (ms: number, work: () => void): (() => void) => {
    const timer = { at: this.ms + ms, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };
  /** Advances the clock by `ms`, and runs everything that is due on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.ms + ms;
    await settled();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.ms = Math.max(this.ms, next.at);
      next.work();
      await settled();
    }
    this.ms = end;
  }
  get scheduled(): number {
    return this.#timers.size;
  }
}

/** Waits until all promises that can settle have settled. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

export interface Request {
  url: string;
  body: string;
  init: RequestInit;
  at: number;
}

/** A server that remembers its requests and answers as a test tells it. */
export class FakeServer {
  readonly requests: Request[] = [];
  readonly #clock: FakeClock;
  /** Its answer: a status, optionally with headers and a body, or 'offline', 'hangs' or 'hangs in the body'. */
  answer: (
    request: Request,
  ) => number | [number, Record<string, string>, string?] | 'offline' | 'hangs' | 'hangs in the body' = () => 202;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }
  readonly send: Send = (url, init) => {
    const request = { url, body: typeof init.body === 'string' ? init.body : '', init, at: this.#clock.ms };
    this.requests.push(request);
    const answer = this.answer(request);
    if (answer === 'offline') return Promise.reject(new TypeError('Failed to fetch'));
    const aborted = new Promise<never>((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
    if (answer === 'hangs') return aborted;
    if (answer === 'hangs in the body')
      return Promise.resolve({ status: 202, headers: new Headers(), json: () => aborted });
    const [status, headers, body = bodyOf(status, request)] = typeof answer === 'number' ? [answer, {}] : answer;
    const json = (): Promise<unknown> => Promise.resolve().then(() => JSON.parse(body) as unknown);
    return Promise.resolve({ status, headers: new Headers(headers), json });
  };
  /** The videos of its requests, in order. */
  get videos(): string[] {
    return this.requests.flatMap(videosOf);
  }
}

/** The videos of the reports in a request, be it a batch or not. */
export function videosOf({ body }: Request): string[] {
  const parsed = JSON.parse(body) as Milestone | { events: Milestone[] };
  return ('events' in parsed ? parsed.events : [parsed]).map(({ videoId }) => videoId);
}

/** What our server says with a status: to a batch, that it accepts every report. */
function bodyOf(status: number, request: Request): string {
  const result = { status: 'queued', eventId: crypto.randomUUID() };
  if (status === 202 && request.url.endsWith('/batch'))
    return JSON.stringify({ results: videosOf(request).map(() => result) });
  if (status === 200 || status === 202) return JSON.stringify(result);
  return status >= 400 && status < 500 ? JSON.stringify({ status, detail: 'Not accepted.' }) : '';
}

/** Web Locks of one browser, shared by its tabs. */
export class FakeLocks {
  readonly #held = new Map<string, Promise<unknown>>();

  readonly manager = {
    request: async (name: string, ...rest: unknown[]): Promise<unknown> => {
      const work = rest.at(-1) as (lock: object | null) => unknown;
      const { ifAvailable = false } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      if (ifAvailable && this.#held.has(name)) return work(null);
      while (this.#held.has(name)) await this.#held.get(name);
      const running = Promise.resolve(work({ name }));
      this.#held.set(name, running);
      return running.finally(() => this.#held.delete(name));
    },
  } as unknown as LockManager;
}

export interface FakeBrowser {
  clock: FakeClock;
  server: FakeServer;
  storage: FakeStorage;
  network: EventTarget;
  /** Opens a tab and returns its outbox. */
  tab: (options?: Partial<OutboxOptions>) => Outbox;
  /** How many undelivered reports are stored. */
  kept: () => number;
  /** What the site's owner was warned of. */
  warnings: string[];
}

export function fakeBrowser({ webLocks = true, storage = new FakeStorage(), random = seeded() } = {}): FakeBrowser {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  const network = new EventTarget();
  const locks = webLocks ? new FakeLocks().manager : null;
  const { now, after } = clock;
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const load = (): Promise<typeof redelivery> => Promise.resolve(redelivery);
  return {
    clock,
    server,
    storage,
    network,
    warnings,
    tab: (options) =>
      createOutbox({
        endpoint: '/analytics',
        send: server.send,
        storage,
        locks,
        network,
        now,
        random,
        after,
        load,
        warn,
        ...options,
      }),
    kept: () =>
      Array.from({ length: storage.length }, (_, n) => storage.key(n) ?? '').filter((key) =>
        key.startsWith('pulse:report:'),
      ).length,
  };
}

function seeded(): () => number {
  let state = 1;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

export function milestone(videoId: string, ts = 1_700_000_000_000): Milestone {
  return { videoId, event: 'watched_50_percent', userId: 'ada', ts };
}
