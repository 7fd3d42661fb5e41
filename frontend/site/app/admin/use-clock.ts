import { useSyncExternalStore } from 'react';

import { type Day, dayOf } from './days.js';

const TICK_MS = 1_000;

/** The UTC day that it is. */
export function useToday(): Day {
  return useSyncExternalStore(subscribe, () => dayOf(Date.now()));
}

/** How many whole minutes ago the moment `at` (ms since 1970) was. */
export function useMinutesSince(at: number): number {
  return useSyncExternalStore(subscribe, () => Math.max(0, Math.floor((Date.now() - at) / 60_000)));
}

function subscribe(notify: () => void): () => void {
  const timer = setInterval(notify, TICK_MS);
  return () => {
    clearInterval(timer);
  };
}
