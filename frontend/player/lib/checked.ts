/**
 * Refuses what cannot be tracked, with an error that says why: scripts without TypeScript pass anything.
 */
import type { FollowOptions } from './crossings.js';
import type { Measure } from './detector.js';
import { DEFAULT_MILESTONES, SHARES, type MilestoneName } from './milestone.js';

const NAMES = /* @__PURE__ */ Object.keys(SHARES) as MilestoneName[];
const KNOWN: readonly unknown[] = ['all', ...NAMES];

function wrong(what: string, given: unknown): TypeError {
  return new TypeError(`pulse: ${what}, not "${String(given)}".`);
}

/** The element, if there is one. */
export function checkedElement(element: HTMLVideoElement | null | undefined): HTMLVideoElement {
  if (!element?.played) throw wrong('track a <video> that is there', element);
  return element;
}

/** The id as text. */
export function checkedId(id: unknown): string {
  const text = typeof id === 'number' ? String(id) : id;
  if (typeof text !== 'string' || text === '') throw wrong('videoId must be a text or a number', id);
  return text;
}

function checkedDuration(seconds: unknown): number | undefined {
  if (seconds === undefined || seconds === null) return undefined;
  if (typeof seconds === 'number' && seconds > 0 && seconds < Infinity) return seconds;
  throw wrong('duration must be seconds above 0', seconds);
}

/** The options that decide what counts. The names are in the order of their shares. Cheap: each timeupdate asks for them. */
export function checkedOptions({ milestones, measure = 'reached', duration }: FollowOptions): {
  names: readonly MilestoneName[];
  measure: Measure;
  given: number | undefined;
} {
  const asked: readonly unknown[] = milestones ?? DEFAULT_MILESTONES;
  for (const name of asked) if (!KNOWN.includes(name)) throw wrong(`milestones must be of ${KNOWN.join()}`, name);
  return {
    names: asked.includes('all') ? NAMES : NAMES.filter((name) => asked.includes(name)),
    measure,
    given: checkedDuration(duration),
  };
}
