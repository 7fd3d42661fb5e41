/**
 * The trackers that the traces are replayed to: ours, and Snowplow's media plugin for comparison.
 */
import * as snowplow from '@snowplow/browser-plugin-media';
import { trackVideo, type Milestone, type Outbox, type TrackOptions } from '../tracker.js';
import type { Tracked } from './replay.js';

/** Starts a tracker on an element. `noticed` is called each time that it says that half was watched, and at what time. */
export type StartTracker = (element: HTMLVideoElement, noticed: (ts: number, event?: string) => void) => Tracked;

let sessions = 0;

/** Ours, as a page uses it that asks for `milestones`; it names what it notices. */
export const pulseOf =
  (milestones?: TrackOptions['milestones']): StartTracker =>
  (element, noticed) => {
    const add = (...passed: Milestone[]): void => passed.forEach(({ ts, event }) => noticed(ts, event));
    const outbox: Outbox = { add, flush: () => Promise.resolve(), start: () => () => undefined };
    const handle = trackVideo(element, {
      videoId: `trace-${++sessions}`, // Another playback session for each trace.
      userId: 'ada',
      milestones,
      outbox,
    });
    return { stop: handle, ad: (isPlaying) => (isPlaying ? handle.pause() : handle.resume()) };
  };

export const pulse = pulseOf();

/** Snowplow's, to which its caller passes events and state; its 50 % is its first percent_progress of 50 or more. */
export const snowplowMedia: StartTracker = (element, noticed) => {
  const id = `trace-${++sessions}`;
  let isNoticed = false;
  const track = (event: { getJson(): unknown }): void => {
    if (isNoticed || !(percentOf(event.getJson()) >= 50)) return;
    isNoticed = true;
    noticed(Date.now());
  };
  // The plugin uses no more of a tracker than these.
  const tracker = { id, core: { track }, updatePageActivity: () => undefined };
  snowplow.SnowplowMediaPlugin().activateBrowserPlugin?.(tracker as never);
  const player = () => {
    const { currentTime, duration, ended, loop, paused, playbackRate } = element;
    return { currentTime, duration, ended, loop, paused, playbackRate };
  };
  snowplow.startMediaTracking({ id, player: player(), boundaries: [25, 50, 75, 95] }, [id]);
  const listeners = new AbortController();
  for (const [type, tell] of Object.entries(TOLD))
    element.addEventListener(type, () => tell({ id, player: player() }, [id]), { signal: listeners.signal });
  return {
    stop() {
      listeners.abort();
      snowplow.endMediaTracking({ id });
    },
    ad: (isPlaying) => {
      const tell = isPlaying ? snowplow.trackMediaAdBreakStart : snowplow.trackMediaAdBreakEnd;
      tell({ id, player: player() }, [id]);
    },
  };
};

const TOLD = {
  play: snowplow.trackMediaPlay,
  pause: snowplow.trackMediaPause,
  ended: snowplow.trackMediaEnd,
  seeking: snowplow.trackMediaSeekStart,
  seeked: snowplow.trackMediaSeekEnd,
  timeupdate: snowplow.updateMediaTracking,
  durationchange: snowplow.updateMediaTracking,
};

function percentOf(event: unknown): number {
  return Number(/"percentProgress":(\d+)/.exec(JSON.stringify(event))?.[1]);
}
