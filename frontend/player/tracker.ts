/**
 * The public API of the tracker: everything that a site without React needs.
 *
 * How a view passes through lib/, file by file:
 *
 *     track-video        joins a session and listens to the page; checked.ts refuses wrong options
 *     follower           listens to a `<video>` and checks it whenever it may have passed a milestone
 *     crossings          decides when what was passed is reported
 *     content            knows how long its content is, and whether it is live
 *     film               decides which content of the element is the film
 *     played             reads the ranges that the element has played
 *     playback-sessions  lets all players of one video share a session
 *     detector           decides from the played ranges which milestones are passed; milestone.ts has their shares
 *     privacy            says what may be stored and reported of the viewer
 *     viewer             provides an anonymous viewer's id
 *     page-outbox        finds the page's outbox for an endpoint
 *     outbox             stores the reports and sends them
 *     report-store       stores waiting reports (in localStorage: browser-storage.ts)
 *     api                posts them, several at once as a batch
 *
 * Only if a report waits does the outbox load the rest (tracker-redelivery.js):
 *
 *     redelivery         sends waiting reports until the server has given a final answer to each
 *     report-lock        lets only one tab at a time send a report
 *     batch              decides how many go into one request, and reads its results
 *     answer             reads the server's answers
 *     backoff            decides when to retry (back-off, Retry-After)
 *
 * Not on that path: use-track-video is the tracker as a React hook, hls plays HLS for the player in components/, and auto
 * (tracker-auto.js) follows all videos of a page that has `<script data-auto>`.
 */
import { startOutbox } from './lib/page-outbox.js';
import { trackVideo } from './lib/track-video.js';

export type { Answer } from './lib/answer.js';
export type { Send } from './lib/api.js';
export type { Measure } from './lib/detector.js';
export type { Milestone, MilestoneName } from './lib/milestone.js';
export { createOutbox, type Outbox, type OutboxOptions } from './lib/outbox.js';
export type { PrivacyOptions } from './lib/privacy.js';
export type { TrackHandle, TrackOptions } from './lib/track-video.js';
export { startOutbox, trackVideo };

// A server has no document. A module has no document.currentScript, so auto finds its tag by itself.
if ((globalThis as Partial<typeof globalThis>).document?.querySelector('script[data-auto]'))
  void import('./lib/auto.js').then((auto) => auto.start(trackVideo, startOutbox));
