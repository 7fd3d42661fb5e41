import { expect, test } from 'vitest';
import { start } from '../lib/auto';
import type { TrackOptions } from '../lib/track-video';

const SRC = 'https://analytics.example/tracker.js';

/** A page of its own, whose tracker notes what it is asked for. */
function stage(body: string, attributes = `src="${SRC}"`) {
  const page = document.implementation.createHTMLDocument();
  page.head.innerHTML = `<script type="module" ${attributes} data-auto data-user-id="ada"></script>`;
  page.body.innerHTML = body;
  const followed = new Map<HTMLVideoElement, TrackOptions>();
  const begun: string[] = [];
  const outboxes: (string | undefined)[] = [];
  const privacy: unknown[] = [];
  const errors: unknown[] = [];
  const track = (video: HTMLVideoElement, options: TrackOptions) => {
    if (options.videoId === 'broken') throw new Error('broken');
    begun.push(String(options.videoId));
    followed.set(video, options);
    return () => {
      followed.delete(video);
      if (options.videoId === 'falls') throw new Error('falls');
    };
  };
  const follow = () =>
    start(
      track,
      ({ endpoint, respectPrivacySignals, storage }) => {
        outboxes.push(endpoint);
        privacy.push([respectPrivacySignals, storage]);
        return () => undefined;
      },
      page,
      (error) => errors.push(error),
    );
  follow();
  const tag = page.querySelector('script');
  if (!tag) throw new Error('no tag');
  const ids = () => [...followed.values()].map(({ videoId }) => videoId);
  const only = () => {
    const [options] = [...followed.values()];
    if (!options) throw new Error('nothing is followed');
    return options;
  };
  return { page, tag, ids, only, begun, outboxes, privacy, errors, follow };
}

const settled = () => new Promise((done) => setTimeout(done));
const video = (id?: string) => `<video${id === undefined ? '' : ` data-video-id="${id}"`}></video>`;

test('every video with an id is followed, and no other', () => {
  const { ids, errors } = stage(`${video('a')}<div>${video('b')}</div>${video()}${video('')}`);
  expect(ids()).toEqual(['a', 'b']);
  expect(errors).toEqual([]);
});

test('videos that are inserted later are followed', async () => {
  const { page, ids, begun } = stage(video('a'));
  page.body.insertAdjacentHTML('beforeend', `<div><p>${video('b')}</p></div>`);
  await settled();
  expect(ids()).toEqual(['a', 'b']);
  expect(begun).toEqual(['a', 'b']);
});

test('a video that gets its id later is followed from then on', async () => {
  const { page, ids } = stage(video());
  page.querySelector('video')?.setAttribute('data-video-id', 'late');
  await settled();
  expect(ids()).toEqual(['late']);
});

test('another id is another video', async () => {
  const { page, ids, begun } = stage(video('a'));
  page.querySelector('video')?.setAttribute('data-video-id', 'b');
  await settled();
  expect([ids(), begun]).toEqual([['b'], ['a', 'b']]);
});

test('a video that is removed, even with all around it, or that loses its id is stopped', async () => {
  const { page, ids } = stage(`<div>${video('a')}</div>${video('b')}${video('c')}`);
  page.querySelector('div')?.remove();
  page.querySelectorAll('video')[0]?.removeAttribute('data-video-id');
  await settled();
  expect(ids()).toEqual(['c']);
});

test('a video that is moved goes on', async () => {
  const { page, ids, begun } = stage(`${video('a')}<div></div>`);
  page.querySelector('div')?.append(page.querySelector('video') ?? '');
  await settled();
  expect([ids(), begun]).toEqual([['a'], ['a']]);
});

test('a video that cannot be followed or stopped leaves the others alone and is tried once', async () => {
  const { page, ids, errors } = stage(`${video('falls')}${video('broken')}${video('a')}`);
  page.querySelector('video')?.remove();
  page.body.insertAdjacentHTML('beforeend', video('b'));
  await settled();
  expect(ids()).toEqual(['a', 'b']);
  expect(errors.map(String)).toEqual(['Error: broken', 'Error: falls']);
});

test.each([
  [`src="${SRC}"`, 'https://analytics.example/analytics'],
  ['src="https://analytics.example/static/tracker.js?v=2"', 'https://analytics.example/analytics'],
  [`src="${SRC}" data-endpoint="/stats"`, '/stats'],
])('reports of a page with %s go to %s', (attributes, endpoint) => {
  const { only, outboxes } = stage(video('a'), attributes);
  expect(only().endpoint).toBe(endpoint);
  expect(outboxes).toEqual([endpoint]);
});

test('the tag may change at any time', () => {
  const { tag, only } = stage(video('a'));
  expect([only().userId, only().measure]).toEqual(['ada', 'reached']);
  tag.dataset['userId'] = 'grace';
  tag.dataset['measure'] = 'watched';
  expect([only().userId, only().measure]).toEqual(['grace', 'watched']);
  delete tag.dataset['userId'];
  expect(only().userId).toBeUndefined();
});

test('a tag that is replaced has the options; one that is removed keeps them', () => {
  const { tag, only } = stage(video('a'));
  const next = tag.cloneNode() as HTMLElement;
  next.dataset['userId'] = 'grace';
  tag.replaceWith(next);
  expect(only().userId).toBe('grace');
  next.remove();
  expect(only().userId).toBe('grace');
});

test('of several tags the first has the options, and each video is followed once', () => {
  const { tag, only, begun, follow } = stage(video('a'));
  const second = tag.cloneNode() as HTMLElement;
  second.dataset['userId'] = 'grace';
  tag.after(second);
  follow();
  expect(only().userId).toBe('ada');
  expect(begun).toEqual(['a']);
});

test.each([
  ['', undefined],
  ['data-milestones=""', undefined],
  ['data-milestones="all"', ['all']],
  ['data-milestones=" video_started  watched_50_percent"', ['video_started', 'watched_50_percent']],
  ['data-milestones="video_started, watched_50_percent"', ['video_started', 'watched_50_percent']],
])('a tag with %o asks for the milestones %o', (attribute, milestones) => {
  const { only } = stage(video('a'), `src="${SRC}" ${attribute}`);
  expect(only().milestones ?? undefined).toEqual(milestones);
});

test.each([
  ['', false, 'local'],
  ['data-respect-privacy-signals', true, 'local'],
  ['data-respect-privacy-signals="true" data-storage="local"', true, 'local'],
  ['data-respect-privacy-signals="false" data-storage="none"', false, 'none'],
  ['data-storage="nome"', false, 'none'],
])(
  'a tag with %o: respects signals %o, storage %o, for its videos and for what waits',
  (attribute, respects, storage) => {
    const { only, privacy } = stage(video('a'), `src="${SRC}" ${attribute}`);
    expect([only().respectPrivacySignals, only().storage]).toEqual([respects, storage]);
    expect(privacy).toEqual([[respects, storage]]);
  },
);
