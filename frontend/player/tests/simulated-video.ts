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
  /** Loads another rendition, of which nothing has been played. */
  load(duration?: number): void;
}

export function simulateVideo(
  duration: number,
  { loop = false, element = document.createElement('video') } = {},
): SimulatedVideo {
  let currentTime = 0;
  let ranges: Range[] = [];
  const fire = (...types: string[]): void => types.forEach((type) => element.dispatchEvent(new Event(type)));
  const properties = {
    duration: () => duration,
    currentTime: () => currentTime,
    readyState: () => 4,
    played: () => ({
      length: ranges.length,
      start: (index: number) => ranges[index]?.[0],
      end: (index: number) => ranges[index]?.[1],
    }),
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
          fire('timeupdate', 'pause', 'ended');
          return;
        }
        seek(0);
      }
    },
    pause: () => fire('timeupdate', 'pause'),
    seek,
    setDuration(seconds) {
      duration = seconds;
      fire('durationchange');
    },
    load(other = duration) {
      ranges = [];
      currentTime = 0;
      duration = other;
      fire('emptied', 'durationchange', 'loadedmetadata');
    },
  };
}
