/**
 * What may be known of a viewer: as much as the site asks for, or nothing where the viewer's browser asks for privacy.
 */
import { urlBeside } from './api.js';
import type { StorageKind } from './browser-storage.js';

/** The options for the viewers' privacy. */
export interface PrivacyOptions {
  /**
   * Whether Global Privacy Control and Do Not Track are respected; false by default. Then nothing is stored or reported of a
   * viewer whose browser says either: the server only counts, without an id, that something was suppressed.
   */
  respectPrivacySignals?: boolean | null | undefined;
  /**
   * Where an anonymous viewer's id and undelivered reports are kept: in `localStorage` (`local`, the default), or only in
   * memory (`none`), so that each visit of a page has a viewer of its own.
   */
  storage?: StorageKind | undefined;
}

/** What browsers say: Global Privacy Control is `true`, Do Not Track is `'1'`, of `window` in older ones. */
interface Signals {
  globalPrivacyControl?: unknown;
  doNotTrack?: unknown;
}

/** Where a viewer's id and reports may be kept. undefined: nowhere, and nothing may be reported. */
export function allowedStorage({ respectPrivacySignals, storage = 'local' }: PrivacyOptions): StorageKind | undefined {
  const signals = [
    (navigator as Signals).globalPrivacyControl,
    navigator.doNotTrack,
    (globalThis as Signals).doNotTrack,
  ];
  return respectPrivacySignals && signals.some((signal) => Number(signal) === 1) ? undefined : storage;
}

/** Counts that something was suppressed: once, if the request arrives. It says nothing else. */
export function suppress(endpoint: string): void {
  fetch(urlBeside(endpoint, 'suppressed'), {
    method: 'POST',
    keepalive: true,
    credentials: 'omit',
    referrerPolicy: 'no-referrer', // The page's address may name the video.
  }).catch(() => undefined);
}
