// Compiled without React and its types.
import { createOutbox, startOutbox, trackVideo, type Milestone } from '@pulse-analytics/player/tracker';

const video = document.createElement('video');
export const told: Milestone[] = [];
export const stop: () => void = trackVideo(video, { videoId: 'v1', onMilestone: (milestone) => told.push(milestone) });
export const stopOutbox: () => void = startOutbox({ endpoint: '/analytics' });
trackVideo(video, {
  videoId: 'v1',
  userId: null,
  measure: 'watched',
  milestones: ['video_started', 'all'],
  outbox: createOutbox({ endpoint: '/analytics' }),
});

// @ts-expect-error -- videoId is required.
trackVideo(video, {});
// @ts-expect-error -- Not a measure.
trackVideo(video, { videoId: 'v1', measure: 'seen' });
// @ts-expect-error -- Not a milestone.
trackVideo(video, { videoId: 'v1', milestones: ['half'] });
