import type Hls from 'hls.js';
import { describe, expect, test, vi } from 'vitest';
import { attachHls, isHls, type LoadHls } from '../lib/hls.js';
import { settled } from './fakes.js';

const SRC = '/live/index.m3u8';

/** The part of hls.js that the player uses. */
function fakeHls(): { load: LoadHls; made: { config: Partial<Hls['config']>; calls: string[] }[] } {
  const made: { config: Partial<Hls['config']>; calls: string[] }[] = [];
  class FakeHls {
    static readonly Events = {};
    static readonly DefaultConfig = { fragLoadPolicy: { default: { maxLoadTimeMs: 120_000 } } };
    readonly #calls: string[] = [];
    constructor(config: Partial<Hls['config']>) {
      made.push({ config, calls: this.#calls });
    }
    on = (): number => this.#calls.push('on');
    loadSource = (src: string): number => this.#calls.push(`loadSource ${src}`);
    attachMedia = (): number => this.#calls.push('attachMedia');
    destroy = (): number => this.#calls.push('destroy');
  }
  return { load: () => Promise.resolve({ default: FakeHls as unknown as typeof Hls }), made };
}

function videoThatPlaysHls(answer: CanPlayTypeResult): HTMLVideoElement {
  const element = document.createElement('video');
  element.canPlayType = () => answer;
  element.load = vi.fn<() => void>();
  return element;
}

test.each([
  ['/a.m3u8', true],
  ['https://cdn.example/a.M3U8?token=1', true],
  ['/a.m3u8#t=5', true],
  ['/a.mp4', false],
  ['/m3u8.mp4', false],
])('%s is HLS: %o', (src, hls) => {
  expect(isHls(src)).toBe(hls);
});

describe('HLS', () => {
  test('is played by a browser that can, without loading hls.js', () => {
    const load = vi.fn<LoadHls>();
    const element = videoThatPlaysHls('maybe');
    const detach = attachHls(element, SRC, load);
    expect(element).toHaveAttribute('src', SRC);
    expect(load).not.toHaveBeenCalled();
    detach();
    expect(element).not.toHaveAttribute('src');
  });

  test.each([
    [{ MediaSource: {} }, true],
    [{ MediaSource: {}, ManagedMediaSource: {} }, false],
    [{}, false],
  ])('in a browser that says it plays it and has %o is played by hls.js: %o', async (browser, byHlsJs) => {
    const { load, made } = fakeHls();
    attachHls(videoThatPlaysHls('maybe'), SRC, load, browser);
    await vi.dynamicImportSettled();
    await settled();
    expect(made.length === 1).toBe(byHlsJs);
  });

  test('does not remove a later source when it is detached', () => {
    const element = videoThatPlaysHls('maybe');
    const detach = attachHls(element, SRC);
    element.src = '/a.mp4';
    detach();
    expect(element).toHaveAttribute('src', '/a.mp4');
  });

  test('is otherwise played by hls.js, with an infinite duration for a live stream', async () => {
    const { load, made } = fakeHls();
    const detach = attachHls(videoThatPlaysHls(''), SRC, load);
    await vi.dynamicImportSettled();
    await settled();
    expect(made[0]).toMatchObject({
      config: { liveDurationInfinity: true, fragLoadPolicy: { default: { maxLoadTimeMs: 120_000 } } },
      calls: ['on', 'on', 'on', `loadSource ${SRC}`, 'attachMedia'],
    });
    detach();
    expect(made[0]?.calls.at(-1)).toBe('destroy');
  });

  test('is not played by a player that was detached before hls.js loaded', async () => {
    const { load, made } = fakeHls();
    attachHls(videoThatPlaysHls(''), SRC, load)();
    await vi.dynamicImportSettled();
    await settled();
    expect(made).toEqual([]);
  });

  test('is set as the source of the element if hls.js cannot be loaded', async () => {
    const element = videoThatPlaysHls('');
    attachHls(element, SRC, () => Promise.reject(new Error('offline')));
    await vi.dynamicImportSettled();
    await settled();
    expect(element).toHaveAttribute('src', SRC);
  });
});
