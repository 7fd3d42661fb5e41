// The script that measure.mjs runs in the page, with `?tracking=with` or `without`; the latter has an empty listener
// instead of the tracker. Both fetch the tracker, as part of the page's script.
/* global document, location */
import { trackVideo } from '/tracker.js';

const EVENTS = 100_000;
const RATE = 2; // 40 frames a second, so that no display has to drop one.
const PIECES = 50;
const tracking = new URLSearchParams(location.search).get('tracking') === 'with';

globalThis.measured = measure();

async function measure() {
  const longTasks = observeLongTasks();
  const film = show();
  const real = timeListeners(film);
  const first = timeFirstFrame(film);
  track(film, 'whole');
  await play(film, Infinity, RATE);
  const { droppedVideoFrames, totalVideoFrames } = film.getVideoPlaybackQuality();
  const tasks = longTasks.stop();
  const seldom = real.stop();
  const reported = dispatchMany(film);

  const other = show();
  track(other, 'beginning');
  await play(other, 4, RATE);
  const playing = dispatchMany(other);
  await playInPieces(other);
  return {
    version: /Chrom\w*\/([\d.]+)/.exec(navigator.userAgent)?.[1],
    playing,
    scattered: dispatchMany(other),
    pieces: other.played.length,
    reported,
    ...seldom,
    dropped: (100 * droppedVideoFrames) / totalVideoFrames,
    frames: totalVideoFrames,
    longTasks: tasks.length,
    longTaskMs: tasks.reduce((sum, { duration }) => sum + duration, 0),
    ...(await first),
  };
}

function show() {
  const film = document.createElement('video');
  Object.assign(film, { muted: true, playsInline: true, width: 640, src: '/film.mp4' });
  return document.body.appendChild(film);
}

function track(film, videoId) {
  if (tracking) trackVideo(film, { videoId });
  else film.addEventListener('timeupdate', () => undefined);
}

/** Plays until the playhead is at `seconds` or at the end, then pauses. */
async function play(film, seconds, rate = 1) {
  film.playbackRate = rate;
  await film.play();
  while (film.currentTime < seconds && !film.ended) await new Promise((done) => setTimeout(done, 10));
  film.pause();
}

/** Plays many short pieces before the half, like a viewer who seeks a lot. */
async function playInPieces(film) {
  for (let piece = 0; piece < PIECES; piece += 1) {
    const start = 4.1 + piece * 0.1;
    const sought = new Promise((done) => film.addEventListener('seeked', done, { once: true }));
    film.currentTime = start;
    await sought;
    await play(film, start + 0.01);
  }
}

/** Microseconds per event for many timeupdate events at once, where the engine compiles their listener. */
function dispatchMany(film) {
  const event = new Event('timeupdate');
  const start = performance.now();
  for (let number = 0; number < EVENTS; number += 1) film.dispatchEvent(event);
  return ((performance.now() - start) * 1000) / EVENTS;
}

/** Microseconds per real timeupdate event, which are so few that the engine does not compile their listener. */
function timeListeners(film) {
  const beforeHalf = [];
  const afterHalf = [];
  let stopped = false;
  const add = film.addEventListener;
  film.addEventListener = (type, listener, options) => {
    const timed = (event) => {
      if (stopped) return listener(event);
      const start = performance.now();
      listener(event);
      const times = film.currentTime < film.duration / 2 ? beforeHalf : afterHalf;
      times.push((performance.now() - start) * 1000);
    };
    add.call(film, type, type === 'timeupdate' ? timed : listener, options);
  };
  const stop = () => {
    stopped = true;
    // The clock ticks every 5 µs; a mean evens that out.
    const seldom = beforeHalf.reduce((sum, time) => sum + time, 0) / beforeHalf.length;
    return { seldom, slowest: Math.max(...beforeHalf, ...afterHalf) };
  };
  return { stop };
}

/** Milliseconds from the start of loading until the first frame is decoded, and until it is on the screen. */
async function timeFirstFrame(film) {
  const started = new Promise((done) => film.addEventListener('loadstart', () => done(performance.now())));
  const loaded = new Promise((done) => film.addEventListener('loadeddata', () => done(performance.now())));
  const shown = new Promise((done) => film.requestVideoFrameCallback(() => done(performance.now())));
  const start = await started;
  return { frameLoaded: (await loaded) - start, frameShown: (await shown) - start };
}

function observeLongTasks() {
  const entries = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ type: 'longtask', buffered: true });
  const stop = () => {
    entries.push(...observer.takeRecords());
    observer.disconnect();
    return entries;
  };
  return { stop };
}
