/**
 * The browser's localStorage, or null if there is none or it is blocked, in which case reading the property throws.
 */
export function browserStorage(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
