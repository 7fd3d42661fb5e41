import type Hls from 'hls.js';
import { expect, test, vi } from 'vitest';
import { recoverHls } from '../lib/hls-recovery.js';
import { FakeClock } from './fakes.js';

type Listener = (event: string, data: object) => void;

const NETWORK = { type: 'networkError', details: 'levelLoadError', fatal: true, response: { code: 503 } };
const MEDIA = { type: 'mediaError', details: 'bufferStalledError', fatal: true };

/** An element with a stream, an hls.js that fails on demand, and what is called on it. */
function stream() {
  const clock = new FakeClock();
  const network = new EventTarget();
  const element = document.createElement('video');
  const calls: string[] = [];
  const listeners: Record<string, Listener> = {};
  const hls = {
    levels: [{}],
    latestLevelDetails: { live: false },
    on: (event: string, listener: Listener) => (listeners[event] = listener),
    trigger: (event: string) => calls.push(event),
    loadSource: (src: string) => calls.push(`loadSource ${src}`),
    startLoad: (seconds: number) => calls.push(`startLoad ${seconds}`),
    stopLoad: () => calls.push('stopLoad'),
    detachMedia: () => calls.push('detachMedia'),
    recoverMediaError: () => calls.push('recoverMediaError'),
  };
  const onError = vi.fn<(event: Event) => void>();
  const onStalled = vi.fn<() => void>();
  element.addEventListener('error', onError);
  element.addEventListener('stalled', onStalled);
  const events = { BUFFER_EOS: 'eos', ERROR: 'error', FRAG_BUFFERED: 'buffered' } as unknown as typeof Hls.Events;
  const { now, after } = clock;
  const stop = recoverHls(hls as unknown as Hls, events, element, '/a.m3u8', { now, after, random: () => 1, network });
  return {
    ...{ clock, network, element, calls, hls, onError, onStalled, stop },
    fail: (data: object) => listeners['error']?.('error', { error: new Error('broken'), ...data }),
    buffered: (type = 'main') =>
      listeners['buffered']?.('buffered', { frag: { type, elementaryStreams: { video: {} } } }),
  };
}

test('a stream whose server is down tries again after 2 s, 4 s, 8 s, 16 s, and then every 30 s', async () => {
  const { fail, calls, clock, onError, onStalled } = stream();
  for (const seconds of [2, 4, 8, 16, 30, 30, 30, 30]) {
    fail(NETWORK);
    await clock.pass(seconds * 1_000 - 1);
    expect(calls).toEqual([]);
    await clock.pass(1);
    expect(calls.splice(0)).toEqual(['startLoad -1']);
  }
  expect(onStalled).toHaveBeenCalledTimes(8);
  expect(onError).not.toHaveBeenCalled();
});

test('the playlist is asked for again if it never came', async () => {
  const { fail, calls, clock, hls } = stream();
  hls.levels = [];
  fail({ ...NETWORK, details: 'manifestLoadError' });
  await clock.pass(2_000);
  expect(calls).toEqual(['loadSource /a.m3u8']);
});

test('after a success it begins with 2 s again, but not because the sound goes on', async () => {
  const { fail, calls, clock, buffered } = stream();
  const failing = { ...NETWORK, details: 'fragLoadError', frag: { type: 'main', sn: 1 } };
  fail(failing);
  await clock.pass(2_000);
  buffered('audio');
  fail(failing);
  await clock.pass(2_000);
  expect(calls).toHaveLength(1);
  await clock.pass(2_000);
  buffered();
  fail(failing);
  await clock.pass(2_000);
  expect(calls).toHaveLength(3);
});

test.each(['play', 'seeking', 'online'])('%s tries at once, but only once in 2 s', async (wish) => {
  const { fail, calls, clock, element, network } = stream();
  const target = wish === 'online' ? network : element;
  target.dispatchEvent(new Event(wish));
  for (let failures = 0; failures < 4; failures += 1) {
    fail(NETWORK);
    for (let presses = 0; presses < 50; presses += 1) target.dispatchEvent(new Event(wish));
    await clock.pass(failures === 0 ? 0 : 2_000);
    expect(calls.splice(0)).toEqual(['startLoad -1']);
  }
});

test.each([
  [{ ...NETWORK, response: { code: 404 } }, 4],
  [{ ...NETWORK, details: 'levelParsingError', response: { code: 200 } }, 4],
  [{ ...MEDIA, details: 'bufferAddCodecError' }, 4],
  [{ type: 'keySystemError', details: 'keySystemNoAccess', fatal: true }, 4],
])('%o at the start is an error at once', (data, code) => {
  const { fail, element, onError, clock } = stream();
  fail(data);
  fail(data);
  expect(onError).toHaveBeenCalledOnce();
  expect(element.error).toMatchObject({ code, message: `${data.details}: broken` });
  expect(clock.scheduled).toBe(0);
});

test('a playlist that is missing later is tried six times, and then is a network error', async () => {
  const { fail, buffered, clock, element, onError } = stream();
  buffered();
  for (let tries = 0; tries < 6; tries += 1) {
    fail({ ...NETWORK, response: { code: 404 } });
    expect(onError).not.toHaveBeenCalled();
    await clock.pass(30_000);
  }
  fail({ ...NETWORK, response: { code: 404 } });
  expect(onError).toHaveBeenCalledOnce();
  expect(element.error).toMatchObject({ code: 2 });
});

test('a media error is recovered at once, then twice after 5 s, and then is an error', async () => {
  const { fail, buffered, calls, clock, element, onError } = stream();
  buffered();
  for (const pause of [0, 5_000, 5_000]) {
    fail(MEDIA);
    await clock.pass(Math.max(0, pause - 1));
    expect(calls).toHaveLength(pause ? 0 : 2);
    await clock.pass(1);
    expect(calls.splice(0)).toEqual(['recoverMediaError', 'startLoad -1']);
  }
  fail(MEDIA);
  await clock.pass(60_000);
  expect(calls).toEqual(['detachMedia', 'stopLoad']);
  expect(onError).toHaveBeenCalledOnce();
  expect(element.error).toMatchObject({ code: 3 });
});

test('media errors that are half a minute apart are recovered each time', async () => {
  const { fail, clock, onError } = stream();
  for (let number = 0; number < 20; number += 1) {
    fail(MEDIA);
    await clock.pass(30_001);
  }
  expect(onError).not.toHaveBeenCalled();
});

test("an element's own error is kept from the page while it is recovered, which hls.js does not do", async () => {
  const { calls, clock, element, onError } = stream();
  const error = { code: 3, message: 'decoder' };
  for (let number = 0; number < 4; number += 1) {
    Object.defineProperty(element, 'error', { configurable: true, value: error });
    element.dispatchEvent(new Event('error'));
    expect(onError).toHaveBeenCalledTimes(number === 3 ? 1 : 0);
    await clock.pass(5_000);
  }
  expect(calls.filter((call) => call === 'recoverMediaError')).toHaveLength(3);
  expect(element.error).toBe(error);
});

test('the third reset in a row by hls.js itself is the last one', () => {
  const { fail, calls, onError } = stream();
  for (let number = 0; number < 4; number += 1) fail({ ...MEDIA, details: 'mediaSourceRequiresReset', fatal: false });
  expect(calls).toEqual(['detachMedia', 'stopLoad']);
  expect(onError).toHaveBeenCalledOnce();
});

test.each([NETWORK, MEDIA])('a stream that is stopped while it waits after %o leaves nothing behind', async (data) => {
  const { fail, calls, clock, element, network, stop } = stream();
  fail(data);
  stop();
  expect(clock.scheduled).toBe(0);
  for (const event of ['play', 'seeking']) element.dispatchEvent(new Event(event));
  network.dispatchEvent(new Event('online'));
  await clock.pass(60_000);
  expect(calls).toEqual([]);
});

test('a stream that has failed takes its error along when it is stopped', () => {
  const { fail, element, stop } = stream();
  fail({ ...NETWORK, response: { code: 404 } });
  expect(element.error).toMatchObject({ code: 4 });
  stop();
  expect(Object.hasOwn(element, 'error')).toBe(false);
});
