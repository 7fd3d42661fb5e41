// Compiled where neither React nor its types are installed.
import { createOutbox, startOutbox, trackVideo, type Milestone } from '@pulse-analytics/player/tracker';

const video = document.createElement('video');
export const told: Milestone[] = [];
export const stop: () => void = trackVideo(video, { videoId: 'v1', onMilestone: (milestone) => told.push(milestone) });
export const stopOutbox: () => void = startOutbox({ endpoint: '/analytics' });
trackVideo(video, {
  videoId: 'v1',
  userId: null,
  measure: 'watched',
  outbox: createOutbox({ endpoint: '/analytics' }),
});

// @ts-expect-error -- A video must be named.
trackVideo(video, {});
// @ts-expect-error -- There are two measures.
trackVideo(video, { videoId: 'v1', measure: 'seen' });
