/**
 * The browser's localStorage, or null where there is none or it is forbidden: then the mere look at it throws.
 */
export function browserStorage(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
