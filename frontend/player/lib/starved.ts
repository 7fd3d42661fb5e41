/**
 * When a video has nothing left to play.
 */
const STARVED_SECONDS = 0.5;

/**
 * Runs `work` once, when less than half a second is buffered ahead of a playhead that is at `fromSeconds` or later:
 * now, or when playback or a seek gets there. Does nothing after `signal` is aborted.
 */
export function whenStarved(element: HTMLVideoElement, signal: AbortSignal, work: () => void, fromSeconds = 0): void {
  const done = new AbortController();
  const look = (): void => {
    if (done.signal.aborted || element.currentTime < fromSeconds - STARVED_SECONDS || isFed(element)) return;
    done.abort();
    work();
  };
  for (const event of ['waiting', 'seeking', 'timeupdate']) {
    element.addEventListener(event, look, { signal: done.signal });
  }
  signal.addEventListener('abort', () => done.abort(), { signal: done.signal });
  look();
}

function isFed({ buffered, currentTime }: HTMLVideoElement): boolean {
  return Array.from({ length: buffered.length }, (_, range) => range).some(
    (range) => buffered.start(range) <= currentTime && currentTime < buffered.end(range) - STARVED_SECONDS,
  );
}
