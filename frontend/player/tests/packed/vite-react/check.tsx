import { createRef, type ReactElement } from 'react';
import { useTrackVideo, VideoPlayer, type Milestone, type VideoPlayerProps } from '@pulse-analytics/player';

export const props: VideoPlayerProps = { videoId: 'v1', src: '/v1.mp4', measure: 'watched', userId: undefined };
export const players: ReactElement[] = [
  <VideoPlayer
    key="full"
    {...props}
    poster="/v1.jpg"
    loop
    className="stage"
    milestones={['all']}
    onMilestone={(passed: Milestone) => passed.ts}
    ref={createRef<HTMLVideoElement>()}
    onError={({ currentTarget: { error } }) => error?.code}
  />,
  <VideoPlayer
    key="with captions"
    videoId="v1"
    src="/v1.m3u8"
    ref={(element: HTMLVideoElement | null) => void element?.play()}
  >
    <track kind="captions" src="/v1.vtt" />
  </VideoPlayer>,
  // @ts-expect-error -- The ref is of a <video>.
  <VideoPlayer key="other element" {...props} ref={createRef<HTMLDivElement>()} />,
  // @ts-expect-error -- videoId is required.
  <VideoPlayer key="nameless" src="/v1.mp4" />,
  // @ts-expect-error -- src is required.
  <VideoPlayer key="without source" videoId="v1" />,
  <VideoPlayer key="number" videoId={1} src="/v1.mp4" />,
  // @ts-expect-error -- A videoId is a string or a number.
  <VideoPlayer key="truth" videoId={true} src="/v1.mp4" />,
];

export function OwnPlayer({ element }: { element: HTMLVideoElement | null }): null {
  useTrackVideo(element, { videoId: 'v1' });
  return null;
}
