/**
 * Refuses what cannot be tracked, with an error that says why: scripts without TypeScript pass anything.
 */
import type { FollowOptions } from './crossings.js';
import type { Measure } from './detector.js';
import { SHARES, type MilestoneName } from './milestone.js';

const NAMES = /* @__PURE__ */ Object.keys(SHARES) as MilestoneName[];
const KNOWN: readonly unknown[] = ['all', ...NAMES];
const MUST_BE_KNOWN = `milestones must be of ${KNOWN.join()}`;

function check(isRight: unknown, what: string, given: unknown): asserts isRight {
  if (!isRight) throw new TypeError(`pulse: ${what}, not "${String(given)}".`);
}

/** The element, if there is one. */
export function checkedElement(element: HTMLVideoElement | null | undefined): HTMLVideoElement {
  check(element?.played, 'element must be a <video>', element);
  return element;
}

/** The id as text. */
export function checkedId(id: unknown): string {
  check(typeof id === 'number' || (id && typeof id === 'string'), 'videoId must be a text or a number', id);
  return String(id);
}

function checkedDuration(seconds: number | null | undefined): number | undefined {
  const given = seconds ?? 1; // What is not given is not wrong.
  check(typeof given === 'number' && given > 0 && given < Infinity, 'duration must be above 0', seconds);
  return seconds ?? undefined;
}

/** The options that decide what counts. The names are in the order of their shares. Cheap: each timeupdate asks for them. */
export function checkedOptions({ milestones, measure = 'reached', duration }: FollowOptions): {
  names: readonly MilestoneName[];
  measure: Measure;
  given: number | undefined;
} {
  const asked: readonly unknown[] = milestones ?? ['watched_50_percent'];
  for (const name of asked) check(KNOWN.includes(name), MUST_BE_KNOWN, name);
  return {
    names: asked.includes('all') ? NAMES : NAMES.filter((name) => asked.includes(name)),
    measure,
    given: checkedDuration(duration),
  };
}
