/**
 * The tracker as a React hook.
 */
import { useEffect, useRef } from 'react';
import { followVideo, type TrackOptions } from './track-video.js';

/**
 * Tracks `element` for as long as the component is mounted, as `trackVideo` does.
 *
 * Only another element or another `videoId` begins anew. All other options may change at any time, and those of the
 * moment of the crossing count. Give a `<video>` that changes its video `key={videoId}`, so that React makes a new one.
 */
export function useTrackVideo(element: HTMLVideoElement | null, options: TrackOptions): void {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const { videoId } = options;
  useEffect(() => {
    if (!element) return undefined;
    return followVideo(element, videoId, () => latest.current);
  }, [element, videoId]);
}
