/**
 * The browser's localStorage, which may be missing, full or blocked.
 */

/** The browser's localStorage, or null if there is none or it is blocked, in which case reading the property throws. */
export function browserStorage(): Storage | null {
  return attempt(() => globalThis.localStorage) ?? null;
}

/** The keys of a storage; none if it is blocked. */
export function keysOf(storage: Storage | null): string[] {
  return attempt(() => Object.keys(storage ?? {})) ?? [];
}

/** The result of `work`, or undefined if it throws because storage is full or blocked. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
