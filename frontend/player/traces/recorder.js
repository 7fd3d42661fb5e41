/**
 * Records what a `<video>` does, as README.md in this folder describes. Needs nothing, so it works in any page.
 *
 * `const recorder = recordTrace(video, filmSeconds)`, then `recorder.finish()` or leave the page, which writes the trace
 * to sessionStorage. `recorder.film` says whether the element has the film now, and not an ad; `recorder.note(type)`
 * notes what the page knows and the element does not, such as `adstart`.
 */
globalThis.recordTrace = (video, filmSeconds) => {
  const TYPES =
    'loadstart progress suspend abort error emptied stalled loadedmetadata loadeddata canplay canplaythrough playing ' +
    'waiting seeking seeked ended durationchange timeupdate play pause ratechange';
  const began = performance.now();
  const events = [];
  const blobs = [];
  let last = {};
  let polledAt = 0;
  let begun;
  let passed;

  const elapsed = () => Math.round(performance.now() - began);
  const round = (seconds) => Math.round(seconds * 1000) / 1000;
  const number = (seconds) => (Number.isFinite(seconds) ? round(seconds) : String(seconds));
  const ranges = (all) =>
    Array.from({ length: all.length }, (_, index) => [number(all.start(index)), number(all.end(index))]);
  const source = (url) => {
    if (!url.startsWith('blob:')) return url && new URL(url).pathname;
    if (!blobs.includes(url)) blobs.push(url);
    return `blob:${blobs.indexOf(url) + 1}`;
  };
  const state = () => ({
    currentTime: round(video.currentTime),
    duration: number(video.duration),
    paused: video.paused,
    ended: video.ended,
    seeking: video.seeking,
    rate: video.playbackRate,
    loop: video.loop,
    readyState: video.readyState,
    networkState: video.networkState,
    src: source(video.currentSrc),
    played: ranges(video.played),
    seekable: ranges(video.seekable),
    visibility: document.visibilityState,
  });
  const note = (type) => {
    look();
    const now = state();
    const changed = Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(last[name]));
    events.push({ t: elapsed(), type, ...Object.fromEntries(changed) });
    last = now;
  };
  /** Looks whether half of the film is passed: whether it plays beyond its middle, then for 0.25 s, or 2 %. */
  const look = () => {
    const half = filmSeconds / 2;
    const beyond = ([start, end]) => end - Math.max(start, half);
    if (recorder.film && half > 0) {
      if (!video.paused && video.currentTime > half) begun ??= polledAt;
      if (ranges(video.played).some((range) => beyond(range) >= Math.min(0.25, half / 25))) passed ??= polledAt;
    }
    polledAt = elapsed();
  };
  const recorder = {
    film: true,
    note,
    finish() {
      clearInterval(polling);
      const to = Math.min(passed + 500, events.at(-1).t);
      const expected = passed === undefined ? [] : [{ event: 'watched_50_percent', from: begun ?? passed, passed, to }];
      return { filmSeconds, expected, events };
    },
  };
  const polling = setInterval(look, 4);
  for (const type of TYPES.split(' ')) video.addEventListener(type, () => note(type));
  document.addEventListener('visibilitychange', () => note('visibilitychange'));
  addEventListener('pagehide', () => {
    note('pagehide');
    sessionStorage.setItem('trace', JSON.stringify(recorder.finish()));
  });
  note('start');
  return recorder;
};
