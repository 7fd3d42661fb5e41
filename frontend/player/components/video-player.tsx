/**
 * A video player that reports when its viewer has passed the half.
 */
import { useEffect, useState, type ComponentPropsWithoutRef, type JSX } from 'react';
import { attachHls, isHls } from '../lib/hls.js';
import type { TrackOptions } from '../lib/track-video.js';
import { useTrackVideo } from '../lib/use-track-video.js';

/** What to play and whom to count, and besides everything that a `<video>` takes. */
export interface VideoPlayerProps
  extends TrackOptions, Omit<ComponentPropsWithoutRef<'video'>, 'src' | keyof TrackOptions> {
  /** The video file, or an HLS playlist (`.m3u8`). Another address of the same `videoId` is a rendition of it. */
  src: string;
}

/**
 * A `<video>` with controls that reports `watched_50_percent` once per playback session.
 *
 * Another `videoId` makes another element and begins another session; every other prop may change in the middle of one.
 * Give it an `aria-label`, and captions as `<track>` children.
 */
export function VideoPlayer(props: VideoPlayerProps): JSX.Element {
  return <OneVideo key={props.videoId} {...props} />;
}

function OneVideo({
  videoId,
  src,
  userId,
  endpoint,
  measure,
  onMilestone,
  outbox,
  controls = true,
  playsInline = true,
  preload = 'metadata',
  ...video
}: VideoPlayerProps): JSX.Element {
  const [element, setElement] = useState<HTMLVideoElement | null>(null);
  // Before the source: when both are undone, the tracker must look while the element still knows what it played.
  useTrackVideo(element, { videoId, userId, endpoint, measure, onMilestone, outbox });
  useHls(element, src);
  return (
    // eslint-disable-next-line jsx-a11y/media-has-caption -- Captions are the caller's: they come as children.
    <video
      {...video}
      {...(isHls(src) ? {} : { src })}
      ref={setElement}
      controls={controls}
      playsInline={playsInline}
      preload={preload}
    />
  );
}

function useHls(element: HTMLVideoElement | null, src: string): void {
  useEffect(() => (element && isHls(src) ? attachHls(element, src) : undefined), [element, src]);
}
