/**
 * Follows one element: listens to what can be the last event before a milestone has to be reported.
 */
import { createCrossings, type Crossed, type Crossings, type FollowOptions } from './crossings.js';
import type { PlaybackSession } from './detector.js';

/**
 * The events that can follow the passing of a milestone, or that can be the last events of an element.
 *
 * timeupdate fires four times a second, also in background tabs, where animation frames stop. A clip of 1 s may never get one
 * beyond its middle, but it ends or, in a loop, seeks. A browser pauses an element that was removed from the page.
 */
const EVENTS = ['timeupdate', 'seeking', 'ended', 'durationchange', 'pause', 'emptied'];

/** The elements that are followed. */
const followed = /* @__PURE__ */ new WeakSet<HTMLVideoElement>();

/** Follows an element until it is stopped. The element keeps it alive; everything else refers to it weakly. */
export interface Follower extends Crossings {
  /** Whether the element was removed from the page and stands still. */
  isGone(): boolean;
  stop(): void;
}

/** Starts to follow `element`. `report` is called with the milestones that were crossed, each once in a session. */
export function createFollower(
  element: HTMLVideoElement,
  session: PlaybackSession,
  read: () => FollowOptions,
  report: (crossed: Crossed) => void,
  now: () => number,
): Follower {
  // eslint-disable-next-line no-console -- No error, because two ids of one video may be meant.
  if (followed.has(element)) console.warn('pulse: tracked twice:', element);
  followed.add(element);
  const listeners = new AbortController();
  let wasAttached = element.isConnected;
  const follower: Follower = {
    ...createCrossings(element, session, read, report, now),
    isGone: () => wasAttached && !element.isConnected && element.paused,
    stop() {
      try {
        follower.leave(); // It may call an onMilestone that throws.
      } finally {
        follower.end();
        listeners.abort();
        followed.delete(element);
      }
    },
  };
  const react = ({ type }: Event): void => {
    wasAttached ||= element.isConnected;
    if (type === 'emptied') follower.emptied();
    else if (type === 'pause' && follower.isGone()) follower.leave();
    else follower.check(type === 'timeupdate');
  };
  for (const type of EVENTS) element.addEventListener(type, react, { signal: listeners.signal });
  return follower;
}
