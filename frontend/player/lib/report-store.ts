/**
 * Stores undelivered reports in localStorage, or in memory if that fails.
 *
 * Each report has its own key, so that two tabs never overwrite each other's reports. Nothing is written twice, so that
 * a report that another tab delivered, or that was evicted, cannot come back.
 */
import { attempt, keysOf } from './browser-storage.js';

const MAX_REPORTS = 50;

/** Undelivered reports, oldest first. */
export interface ReportStore {
  /** Stores a report and returns its key. Before that it evicts the oldest if there would be more than 50. */
  put(ts: number, body: string): string;
  /** The report's text, or nothing if it has been delivered or evicted. */
  read(key: string): string | null | undefined;
  /** Removes a report, and its lease (report-lock.ts). */
  remove(key: string): void;
  /** All keys, the oldest report's first. */
  keys(): string[];
}

/** Creates a store for the reports of one endpoint. */
export function createReportStore(storage: Storage | null, endpoint: string, random: () => number): ReportStore {
  const prefix = `pulse:report:${encodeURIComponent(endpoint)}:`;
  const memory = new Map<string, string>();

  const store: ReportStore = {
    put(ts, body) {
      for (const oldest of store.keys().slice(0, 1 - MAX_REPORTS)) store.remove(oldest);
      const key = `${prefix}${String(ts).padStart(15, '0')}:${random().toString(36).slice(2)}`;
      memory.set(key, body);
      attempt(() => {
        storage?.setItem(key, body);
        if (storage) memory.delete(key);
      });
      return key;
    },
    read: (key) => memory.get(key) ?? attempt(() => storage?.getItem(key)),
    remove(key) {
      memory.delete(key);
      attempt(() => {
        storage?.removeItem(key);
        storage?.removeItem(`lease:${key}`);
      });
    },
    keys: () => [...memory.keys(), ...keysOf(storage)].filter((key) => key.startsWith(prefix)).sort(),
  };
  return store;
}
