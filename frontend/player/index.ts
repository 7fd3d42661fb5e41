/**
 * The public API of the library.
 */
export * from './tracker.js';
export { VideoPlayer, type VideoPlayerProps } from './components/video-player.js';
export { useTrackVideo } from './lib/use-track-video.js';
