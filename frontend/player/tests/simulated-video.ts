/**
 * A `<video>` with simulated playback that behaves like Chromium's, because jsdom plays nothing.
 */
import { union, type Range } from '../lib/detector.js';

export interface SimulatedVideo {
  readonly element: HTMLVideoElement;
  /** Plays `seconds` of the video, with a timeupdate after each `every` seconds, and stops at the end or loops. */
  play(seconds: number, every?: number): void;
  pause(): void;
  /** Moves the playhead, with the events of a seek. */
  seek(seconds: number): void;
  setDuration(seconds: number): void;
  /** Loads another source, of which nothing has been played; by default a rendition. */
  load(duration?: number): void;
  /** Sets the range to which the viewer may seek. */
  setSeekable(start: number, end: number): void;
}

export function simulateVideo(
  duration: number,
  { loop = false, element = document.createElement('video'), src = 'film.mp4' } = {},
): SimulatedVideo {
  let isPaused = true;
  let seekable: Range[] = [[0, duration]];
  let currentTime = 0;
  let ranges: Range[] = [];
  const fire = (...types: string[]): void => types.forEach((type) => element.dispatchEvent(new Event(type)));
  const properties = {
    duration: () => duration,
    currentTime: () => currentTime,
    readyState: () => 4,
    networkState: () => (src === '' ? 0 : 1),
    currentSrc: () => src,
    paused: () => isPaused,
    ended: () => currentTime === duration,
    loop: () => loop,
    played: () => timeRanges(ranges),
    seekable: () => timeRanges(seekable),
  };
  for (const [name, get] of Object.entries(properties))
    Object.defineProperty(element, name, { get, configurable: true });

  /** Plays for at most `seconds`, and at most to the end. Returns the seconds played. */
  function advance(seconds: number): number {
    const end = Math.min(currentTime + seconds, duration);
    const advanced = end - currentTime;
    ranges = union([...ranges, [currentTime, end]]);
    currentTime = end;
    return advanced;
  }
  function seek(seconds: number): void {
    currentTime = Math.min(seconds, duration);
    fire('seeking', 'timeupdate', 'seeked');
  }
  return {
    element,
    play(seconds, every = 0.25) {
      isPaused = false;
      fire('play', 'playing');
      let left = seconds;
      let untilUpdate = every;
      while (left > 1e-9) {
        const advanced = advance(Math.min(left, untilUpdate));
        left -= advanced;
        untilUpdate -= advanced;
        if (untilUpdate <= 1e-9) {
          fire('timeupdate');
          untilUpdate = every;
        }
        if (currentTime < duration) continue;
        if (!loop) {
          isPaused = true;
          fire('timeupdate', 'pause', 'ended');
          return;
        }
        seek(0);
      }
    },
    pause() {
      isPaused = true;
      fire('timeupdate', 'pause');
    },
    seek,
    setDuration(seconds) {
      duration = seconds;
      fire('durationchange');
    },
    load(other = duration) {
      const hadSource = src !== '';
      src = 'next.mp4';
      ranges = [];
      currentTime = 0;
      duration = other;
      seekable = [[0, duration]];
      if (hadSource) fire('emptied');
      fire('durationchange', 'loadedmetadata');
    },
    setSeekable(start, end) {
      seekable = [[start, end]];
    },
  };
}

function timeRanges(ranges: readonly Range[]): object {
  return {
    length: ranges.length,
    start: (index: number) => ranges[index]?.[0],
    end: (index: number) => ranges[index]?.[1],
  };
}
