/**
 * A video player that reports the milestones that its viewer passes.
 */
import {
  forwardRef,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
  type ComponentPropsWithoutRef,
  type ForwardedRef,
  type JSX,
} from 'react';
import { attachHls, isHls } from '../lib/hls.js';
import type { TrackOptions } from '../lib/track-video.js';
import { useTrackVideo } from '../lib/use-track-video.js';

/** What to play and how to report it, plus all props of a `<video>`. */
export interface VideoPlayerProps
  extends TrackOptions, Omit<ComponentPropsWithoutRef<'video'>, 'src' | keyof TrackOptions> {
  /** The URL of a video file or HLS playlist (`.m3u8`). Another `src` with the same `videoId` is a rendition of it. */
  src: string;
}

/**
 * A `<video>` with controls that reports `watched_50_percent`, or each of `milestones`, once per playback session.
 *
 * A new `videoId` creates a new element and starts a new session; all other props may change during a session.
 * Give it an `aria-label`, and captions as `<track>` children. Its `ref` is the `<video>`.
 */
export const VideoPlayer = forwardRef<HTMLVideoElement, VideoPlayerProps>(function VideoPlayer(props, ref) {
  // React 18 passes `ref` to no component but this one.
  return <OneVideo key={props.videoId} {...props} videoRef={ref} />;
});

function OneVideo({
  videoRef,
  videoId,
  src,
  userId,
  endpoint,
  milestones,
  measure,
  duration,
  respectPrivacySignals,
  storage,
  onMilestone,
  outbox,
  controls = true,
  playsInline = true,
  preload = 'metadata',
  ...video
}: VideoPlayerProps & { videoRef: ForwardedRef<HTMLVideoElement> }): JSX.Element {
  const [element, setRef] = useElement(videoRef);
  // Before useHls: at unmount the tracker must read `played` before the source is removed.
  useTrackVideo(element, {
    videoId,
    userId,
    endpoint,
    milestones,
    measure,
    duration,
    respectPrivacySignals,
    storage,
    onMilestone,
    outbox,
    isOwn: true,
  });
  useHls(element, src);
  return (
    // eslint-disable-next-line jsx-a11y/media-has-caption -- The caller passes captions as children.
    <video
      {...video}
      {...(isHls(src) ? {} : { src })}
      ref={setRef}
      controls={controls}
      playsInline={playsInline}
      preload={preload}
    />
  );
}

/** The element to which the returned ref is given, which `forwarded` gets as well, before any effect of its owner. */
function useElement(
  forwarded: ForwardedRef<HTMLVideoElement>,
): [HTMLVideoElement | null, (element: HTMLVideoElement | null) => void] {
  const [element, setElement] = useState<HTMLVideoElement | null>(null);
  const current = useRef<HTMLVideoElement>(null);
  useImperativeHandle<HTMLVideoElement | null, HTMLVideoElement | null>(forwarded, () => current.current, []);
  const setRef = useCallback((now: HTMLVideoElement | null) => {
    current.current = now;
    setElement(now);
  }, []);
  return [element, setRef];
}

function useHls(element: HTMLVideoElement | null, src: string): void {
  useEffect(() => (element && isHls(src) ? attachHls(element, src) : undefined), [element, src]);
}
