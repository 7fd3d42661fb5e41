/** The view and its address. The address holds the whole view, so that it can be shared and the back button works. */
import { decoded } from '../navigation.js';
import { type Day, addDays, isDay } from './days.js';

/** The named ranges, in the order of the range picker. */
export const NAMED_RANGES = {
  today: { label: 'Today', days: 1 },
  '7d': { label: '7 days', days: 7 },
  '30d': { label: '30 days', days: 30 },
  '90d': { label: '90 days', days: 90 },
  all: { label: 'All time', days: undefined },
} as const;
export type RangeName = keyof typeof NAMED_RANGES;
export const RANGE_NAMES = Object.keys(NAMED_RANGES) as RangeName[];

/** A range of days: a named one moves with time, a custom one is fixed. */
export type Range = { name: RangeName } | { name: 'custom'; since: Day; until: Day };

/** From `since` up to but not including `until`; both undefined for all time. */
export interface Bounds {
  since: Day | undefined;
  until: Day | undefined;
}

export type View =
  | { page: 'ranking'; range: Range; search: string; cursor: string | undefined }
  | { page: 'video'; range: Range; videoId: string }
  | { page: 'not-found' };

const DEFAULT: RangeName = '30d';
const VIDEOS = '/admin/videos/';

/** The view of an address. An invalid range becomes the default one. */
export function viewOf(pathname: string, query: string): View {
  const asked = new URLSearchParams(query);
  const range = rangeOf(asked);
  if (/^\/admin\/?$/.test(pathname)) {
    return { page: 'ranking', range, search: asked.get('q') ?? '', cursor: asked.get('cursor') ?? undefined };
  }
  const videoId = pathname.startsWith(VIDEOS) ? decoded(pathname.slice(VIDEOS.length)) : undefined;
  return videoId ? { page: 'video', range, videoId } : { page: 'not-found' };
}

/** The address of a view. */
export function hrefOf(view: View): string {
  switch (view.page) {
    case 'ranking':
      return `/admin${queryOf({ ...rangeQuery(view.range), q: view.search || undefined, cursor: view.cursor })}`;
    case 'video':
      return `${VIDEOS}${encodeURIComponent(view.videoId)}${queryOf(rangeQuery(view.range))}`;
    case 'not-found':
      return '/admin';
    default:
      return view satisfies never;
  }
}

/** Whether a video can have an address: a browser resolves `.` and `..` as path segments. */
export function hasAddress(videoId: string): boolean {
  return videoId !== '.' && videoId !== '..';
}

/** The first page of the ranking of a range. */
export function rankingOf(range: Range): View {
  return { page: 'ranking', range, search: '', cursor: undefined };
}

/** The same view with another range. */
export function withRange(view: View, range: Range): View {
  switch (view.page) {
    case 'ranking':
      return { ...view, range, cursor: undefined };
    case 'video':
      return { ...view, range };
    case 'not-found':
      return view;
    default:
      return view satisfies never;
  }
}

/** The days of a range if today is `today`. */
export function boundsOf(range: Range, today: Day): Bounds {
  if (range.name === 'custom') return { since: range.since, until: range.until };
  const { days } = NAMED_RANGES[range.name];
  if (days === undefined) return { since: undefined, until: undefined };
  const until = addDays(today, 1);
  return { since: addDays(until, -days), until };
}

/** The query string of the defined parameters, with its question mark, or '' if there are none. */
export function queryOf(parameters: Record<string, string | undefined>): string {
  const defined = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return defined.length === 0 ? '' : `?${new URLSearchParams(defined).toString()}`;
}

function rangeOf(asked: URLSearchParams): Range {
  const [since, until, name] = [asked.get('since'), asked.get('until'), asked.get('range')];
  if (isDay(since) && isDay(until) && since < until) return { name: 'custom', since, until };
  return { name: RANGE_NAMES.find((known) => known === name) ?? DEFAULT };
}

function rangeQuery(range: Range): Record<string, string | undefined> {
  if (range.name === 'custom') return { since: range.since, until: range.until };
  return { range: range.name === DEFAULT ? undefined : range.name };
}
