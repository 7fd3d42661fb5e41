import { useSyncExternalStore } from 'react';

import { type Day, dayOf } from './days.js';

const TICK_MS = 1_000;

/** The current UTC day. */
export function useToday(): Day {
  return useSyncExternalStore(subscribe, () => dayOf(Date.now()));
}

/** Whole minutes since the time `at` (ms since 1970). */
export function useMinutesSince(at: number): number {
  return useSyncExternalStore(subscribe, () => Math.max(0, Math.floor((Date.now() - at) / 60_000)));
}

function subscribe(notify: () => void): () => void {
  const timer = setInterval(notify, TICK_MS);
  return () => {
    clearInterval(timer);
  };
}
