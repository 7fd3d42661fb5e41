/**
 * The milestones of a video: the shares of it that a viewer passes for the first time in a playback session.
 */

/**
 * The share of each milestone, in the order of the shares. The server's registry has the same ones (pulse_analytics/events.py).
 *
 * To add another one, add its line here: nothing else in the player names a share.
 */
export const SHARES = {
  video_started: 0,
  watched_25_percent: 0.25,
  watched_50_percent: 0.5,
  watched_75_percent: 0.75,
  watched_95_percent: 0.95,
} as const;

/** A milestone's name, as it is reported. */
export type MilestoneName = keyof typeof SHARES;

/** A milestone that was passed, as it is reported. */
export interface Milestone {
  videoId: string;
  event: MilestoneName;
  /** The user if logged in, else the anonymous id of this browser. */
  userId: string;
  /** When the milestone was crossed, in milliseconds since 1970. */
  ts: number;
}
