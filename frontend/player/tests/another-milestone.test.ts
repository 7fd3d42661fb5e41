/**
 * Another milestone is one line in milestone.ts: here the table has one more, and everything follows.
 */
import { expect, test, vi } from 'vitest';
import { createPlaybackSessions } from '../lib/playback-sessions.js';
import { followVideo, type TrackOptions } from '../lib/track-video.js';
import { createViewerId } from '../lib/viewer.js';
import { simulateVideo } from './simulated-video.js';

vi.mock(import('../lib/milestone.js'), async (original) => {
  const { SHARES, ...rest } = await original();
  const { watched_95_percent: last, ...before } = SHARES;
  return { ...rest, SHARES: { ...before, watched_90_percent: 0.9, watched_95_percent: last } };
});

test.each([
  [['all'], 18.24, 4],
  [['all'], 18.25, 5],
  [['all'], 20, 6],
  [['watched_90_percent'], 20, 1],
])('of %j, playing %s s of 20 s passes %i', (milestones, seconds, count) => {
  const events: string[] = [];
  const outbox = {
    add: (...passed: { event: string }[]) => events.push(...passed.map(({ event }) => event)),
    flush: () => Promise.resolve(),
    start: () => () => undefined,
  };
  const world = { sessions: createPlaybackSessions(), viewerId: createViewerId(() => null), now: () => 42 };
  const video = simulateVideo(20);
  const options = { outbox, milestones: milestones as unknown as TrackOptions['milestones'] };
  const stop = followVideo(video.element, 'film', () => options, world);
  video.play(seconds);
  stop();
  expect(events).toHaveLength(count);
  expect(events.includes('watched_90_percent')).toBe(seconds >= 18.25);
});
