/**
 * Refuses what cannot be tracked, with an error that says why: scripts without TypeScript pass anything.
 */
function wrong(what: string, given: unknown): TypeError {
  return new TypeError(`pulse: ${what}, not ${typeof given === 'string' ? JSON.stringify(given) : String(given)}.`);
}

/** The element, if there is one. */
export function checkedElement(element: HTMLVideoElement | null | undefined): HTMLVideoElement {
  if (!element?.played) throw wrong('track a <video>, after it was added to the page', element);
  return element;
}

/** The id as text. */
export function checkedId(id: unknown): string {
  const text = typeof id === 'number' ? String(id) : id;
  if (typeof text !== 'string' || text === '') throw wrong('videoId must be a text or a number', id);
  return text;
}

/** The duration, if one is given. */
export function checkedDuration(seconds: unknown): number | undefined {
  if (seconds === undefined || seconds === null) return undefined;
  if (typeof seconds === 'number' && seconds > 0 && seconds < Infinity) return seconds;
  throw wrong('duration must be a number of seconds above 0', seconds);
}
