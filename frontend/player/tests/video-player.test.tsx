import { render, screen } from '@testing-library/react';
import axe from 'axe-core';
import { StrictMode, type JSX } from 'react';
import { describe, expect, test, vi } from 'vitest';
import { VideoPlayer, type VideoPlayerProps } from '../components/video-player.js';
import { createOutbox, type Outbox } from '../lib/outbox.js';
import type { Milestone } from '../lib/milestone.js';
import { settled } from './fakes.js';
import { simulateVideo, type SimulatedVideo } from './simulated-video.js';

let videos = 0;

/** A player of its own video, whose reports are recorded. */
function player(): { reports: Milestone[]; Player: (props: Partial<VideoPlayerProps>) => JSX.Element } {
  const reports: Milestone[] = [];
  const outbox: Outbox = {
    ...createOutbox({ endpoint: '/', storage: null }),
    add: (milestone) => reports.push(milestone),
  };
  const videoId = `video-${String((videos += 1))}`;
  return {
    reports,
    Player: (props) => (
      <VideoPlayer videoId={videoId} src="/sample.mp4" userId="ada" outbox={outbox} aria-label="Sample" {...props} />
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
});
