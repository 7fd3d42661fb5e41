/**
 * What needs React: a build output of its own, because it alone starts with 'use client'. The rest of the library can be
 * called from Next.js' server components as well.
 */
import './tracker.js'; // So that the code that both need is built into tracker.js, which stays one file.

export { VideoPlayer, type VideoPlayerProps } from './components/video-player.js';
export { useTrackVideo } from './lib/use-track-video.js';
