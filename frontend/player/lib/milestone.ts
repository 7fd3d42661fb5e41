/** A share of the video that the viewer passed for the first time in a playback session. */
export interface Milestone {
  videoId: string;
  event: 'watched_50_percent';
  /** The user if logged in, else the anonymous id of this browser. */
  userId: string;
  /** When the milestone was crossed, in milliseconds since 1970. */
  ts: number;
}
