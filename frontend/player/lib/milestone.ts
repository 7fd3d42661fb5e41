/** A share of a video that a viewer passed for the first time in a playback session. */
export interface Milestone {
  videoId: string;
  event: 'watched_50_percent';
  /** The user if logged in, else the anonymous id of this browser. */
  userId: string;
  /** The moment of the crossing, in milliseconds since 1970. */
  ts: number;
}
