import { fireEvent, render, screen } from '@testing-library/react';
import axe from 'axe-core';
import { createRef, StrictMode, useLayoutEffect, useRef, type JSX, type Ref } from 'react';
import { describe, expect, test, vi } from 'vitest';
import { VideoPlayer, type VideoPlayerProps } from '../components/video-player.js';
import { createOutbox, type Outbox } from '../lib/outbox.js';
import type { Milestone } from '../lib/milestone.js';
import { settled } from './fakes.js';
import { simulateVideo, type SimulatedVideo } from './simulated-video.js';

type PlayerProps = Partial<VideoPlayerProps> & { forwarded?: Ref<HTMLVideoElement> };

let videos = 0;

/** A player of its own video, whose reports are recorded. */
function player(): { reports: Milestone[]; Player: (props: PlayerProps) => JSX.Element } {
  const reports: Milestone[] = [];
  const outbox: Outbox = {
    ...createOutbox({ endpoint: '/', storage: null }),
    add: (...milestones) => reports.push(...milestones),
  };
  const videoId = `video-${String((videos += 1))}`;
  return {
    reports,
    Player: ({ forwarded = null, ...props }) => (
      <VideoPlayer
        ref={forwarded}
        videoId={videoId}
        src="/sample.mp4"
        userId="ada"
        outbox={outbox}
        aria-label="Sample"
        {...props}
      />
    ),
  };
}

function shown(duration = 20): SimulatedVideo {
  return simulateVideo(duration, { element: screen.getByLabelText<HTMLVideoElement>('Sample') });
}

describe('a video player', () => {
  test('is a video with controls that plays inline, and accepts the props of a <video>', () => {
    const { Player } = player();
    render(<Player poster="/poster.jpg" className="wide" controls loop />);
    const element = screen.getByLabelText('Sample');
    expect(element).toHaveAttribute('src', '/sample.mp4');
    expect(element).toHaveAttribute('controls');
    expect(element).toHaveAttribute('playsinline');
    expect(element).toHaveAttribute('preload', 'metadata');
    expect(element).toHaveAttribute('poster', '/poster.jpg');
    expect(element).toHaveAttribute('loop');
    expect(element).toHaveClass('wide');
  });

  test('is accessible', async () => {
    const { Player } = player();
    const { container } = render(
      <Player>
        <track kind="captions" src="/sample.vtt" srcLang="en" label="English" />
      </Player>,
    );
    const { violations } = await axe.run(container, { preload: false });
    expect(violations).toEqual([]);
  });

  test.each([['StrictMode', StrictMode] as const, ['no StrictMode', 'div'] as const])(
    'reports once in %s',
    (_name, Wrapper) => {
      const { Player, reports } = player();
      const { unmount } = render(
        <Wrapper>
          <Player />
        </Wrapper>,
      );
      const video = shown();
      video.play(20);
      video.seek(0);
      video.play(20);
      unmount();
      expect(reports).toHaveLength(1);
    },
  );

  test('keeps its session when any prop but videoId changes, and uses the latest props', () => {
    const { Player, reports } = player();
    const onMilestone = vi.fn<(milestone: Milestone) => void>();
    const { rerender } = render(<Player userId={null} />);
    const video = shown();
    const listened = vi.spyOn(video.element, 'addEventListener');
    video.play(9);
    rerender(<Player userId="late" endpoint="/elsewhere" onMilestone={onMilestone} src="/other.mp4" />);
    expect(screen.getByLabelText('Sample')).toBe(video.element);
    video.play(6);
    rerender(<Player userId="later" onMilestone={onMilestone} />);
    video.play(5);
    expect(reports.map(({ userId }) => userId)).toEqual(['late']);
    expect(onMilestone).toHaveBeenCalledOnce();
    expect(listened).not.toHaveBeenCalled();
  });

  test('reports the milestones that it is given, and they may change', () => {
    const { Player, reports } = player();
    const { rerender } = render(<Player milestones={['video_started']} />);
    const video = shown();
    video.play(9);
    rerender(<Player milestones={['all']} />);
    video.play(11);
    expect(reports.map(({ event }) => event)).toEqual([
      'video_started',
      'watched_25_percent',
      'watched_50_percent',
      'watched_75_percent',
      'watched_95_percent',
    ]);
    expect(video.element).not.toHaveAttribute('milestones');
  });

  test('starts a new session with a new element when videoId changes', () => {
    const { Player, reports } = player();
    const { rerender } = render(<Player videoId="one" />);
    const first = shown();
    first.play(15);
    rerender(<Player videoId="two" />);
    const second = shown();
    expect(second.element).not.toBe(first.element);
    second.play(5);
    expect(reports.map(({ videoId }) => videoId)).toEqual(['one']);
    second.play(10);
    expect(reports.map(({ videoId }) => videoId)).toEqual(['one', 'two']);
  });

  test('reports at unmount if the half was passed after the last check', () => {
    const { Player, reports } = player();
    const { unmount } = render(<Player />);
    shown().play(10.4, 100);
    expect(reports).toHaveLength(0);
    unmount();
    expect(reports).toHaveLength(1);
  });

  test('starts a new session when it is mounted again', async () => {
    const { Player, reports } = player();
    for (const visit of [1, 2]) {
      const { unmount } = render(<Player />);
      shown().play(20);
      unmount();
      await settled();
      expect(reports).toHaveLength(visit);
    }
  });

  test('shares its session with another player of the video', () => {
    const { Player, reports } = player();
    render(
      <>
        <Player />
        <Player aria-label="Preview" />
      </>,
    );
    shown().play(20);
    simulateVideo(20, { element: screen.getByLabelText<HTMLVideoElement>('Preview') }).play(20);
    expect(reports).toHaveLength(1);
  });

  test.each([['StrictMode', StrictMode] as const, ['no StrictMode', 'div'] as const])(
    'gives its element to an object ref before the effects of its owner, in %s',
    (_name, Wrapper) => {
      const { Player, reports } = player();
      const seen: (string | undefined)[] = [];
      function Owner(): JSX.Element {
        const ref = useRef<HTMLVideoElement>(null);
        useLayoutEffect(() => {
          seen.push(ref.current?.ariaLabel ?? ref.current?.getAttribute('aria-label') ?? undefined);
        }, []);
        return <Player forwarded={ref} />;
      }
      const { unmount } = render(<Wrapper children={<Owner />} />);
      expect(new Set(seen)).toEqual(new Set(['Sample']));
      shown().play(20);
      unmount();
      expect(reports).toHaveLength(1);
    },
  );

  test('empties an object ref at unmount, and gives it the new element when videoId changes', () => {
    const { Player } = player();
    const ref = createRef<HTMLVideoElement>();
    const { rerender, unmount } = render(<Player forwarded={ref} videoId="one" />);
    const first = ref.current;
    rerender(<Player forwarded={ref} videoId="two" />);
    expect(ref.current).toBe(screen.getByLabelText('Sample'));
    expect(ref.current).not.toBe(first);
    unmount();
    expect(ref.current).toBeNull();
  });

  test('calls a callback ref with its element and with null, also one that is new at each render', () => {
    const { Player } = player();
    const calls: (string | null)[] = [];
    const callback = (name: string) => (element: HTMLVideoElement | null) => {
      calls.push(element && `${name} ${element.tagName}`);
    };
    const { rerender, unmount } = render(<Player forwarded={callback('one')} />);
    rerender(<Player forwarded={callback('two')} />);
    unmount();
    expect(calls).toEqual(['one VIDEO', null, 'two VIDEO', null]);
  });

  test("calls a callback ref's clean-up instead, if it returns one", () => {
    const { Player } = player();
    const cleanUp = vi.fn<() => void>();
    const ref = vi.fn<(element: HTMLVideoElement | null) => () => void>(() => cleanUp);
    const { unmount } = render(<Player forwarded={ref} />);
    expect(cleanUp).not.toHaveBeenCalled();
    unmount();
    expect(cleanUp).toHaveBeenCalledOnce();
    expect(ref.mock.calls).toEqual([[expect.any(HTMLVideoElement)]]);
  });

  test('calls onError at an error of the element', () => {
    const { Player } = player();
    const onError = vi.fn<() => void>();
    render(<Player onError={onError} />);
    fireEvent.error(screen.getByLabelText('Sample'));
    expect(onError).toHaveBeenCalledOnce();
  });
});
