import type { ReactElement } from 'react';
import { useTrackVideo, VideoPlayer, type Milestone, type VideoPlayerProps } from '@pulse-analytics/player';

export const props: VideoPlayerProps = { videoId: 'v1', src: '/v1.mp4', measure: 'watched', userId: undefined };
export const players: ReactElement[] = [
  <VideoPlayer
    key="full"
    {...props}
    poster="/v1.jpg"
    loop
    className="stage"
    onMilestone={(passed: Milestone) => passed.ts}
  />,
  <VideoPlayer key="with captions" videoId="v1" src="/v1.m3u8">
    <track kind="captions" src="/v1.vtt" />
  </VideoPlayer>,
  // @ts-expect-error -- videoId is required.
  <VideoPlayer key="nameless" src="/v1.mp4" />,
  // @ts-expect-error -- src is required.
  <VideoPlayer key="without source" videoId="v1" />,
  // @ts-expect-error -- A videoId is a string.
  <VideoPlayer key="number" videoId={1} src="/v1.mp4" />,
];

export function OwnPlayer({ element }: { element: HTMLVideoElement | null }): null {
  useTrackVideo(element, { videoId: 'v1' });
  return null;
}
