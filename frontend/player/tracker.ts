/**
 * The tracker's public names: all that a site without React needs.
 */
export type { Answer, Send } from './lib/api.js';
export type { Measure } from './lib/detector.js';
export type { Milestone } from './lib/milestone.js';
export { createOutbox, type Outbox, type OutboxOptions } from './lib/outbox.js';
export { startOutbox } from './lib/page-outbox.js';
export { followVideo, trackVideo, type TrackOptions, type TrackWorld } from './lib/track-video.js';
