/**
 * The tracker's public names: all that a site without React needs.
 *
 * How a view passes through lib/, file by file:
 *
 *     track-video        listens to a `<video>` and checks it whenever it may have passed the half
 *     played             reads the seconds that the element has played
 *     playback-sessions  lets all players of one video share a session
 *     detector           decides, from the seconds played, that the half is passed: once per session
 *     viewer             says who watched; with the time this makes a milestone (milestone.ts)
 *     page-outbox        finds the page's outbox for an endpoint
 *     outbox             keeps the report, sends it, and retries until the server has answered for good
 *     report-shelf       stores reports that wait (in localStorage: browser-storage.ts)
 *     report-lock        lets only one tab send a report at a time
 *     api                posts it and reads the answer
 *     retry-pace         says when to try again
 *
 * Beside that path: use-track-video is the tracker as a React hook, hls plays HLS for the player in components/.
 */
export type { Answer, Send } from './lib/api.js';
export type { Measure } from './lib/detector.js';
export type { Milestone } from './lib/milestone.js';
export { createOutbox, type Outbox, type OutboxOptions } from './lib/outbox.js';
export { startOutbox } from './lib/page-outbox.js';
export { trackVideo, type TrackOptions } from './lib/track-video.js';
