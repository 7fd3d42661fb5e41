/**
 * The tracker as a React hook.
 */
import { useEffect, useRef } from 'react';
import type { FollowOptions } from './crossings.js';
import { followVideo, type TrackOptions } from './track-video.js';

/**
 * Tracks `element` for as long as the component is mounted, as `trackVideo` does.
 *
 * Only a new element or `videoId` starts a new tracker. All other options may change at any time; the values when a
 * milestone is passed are used. If a `<video>` changes its video, give it `key={videoId}`, so that React creates a new one.
 */
export function useTrackVideo(element: HTMLVideoElement | null, options: TrackOptions & FollowOptions): void {
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
