/** The view and its address. The address holds the whole view, so that it can be shared and the back button works. */
import { decoded } from '../navigation.js';
import { choicesOf } from './columns.js';
import { type Day, addDays, daysBetween, isDay } from './days.js';

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

/** What both pages show: `event` is undefined for the one that the server chooses. */
export interface Shown {
  range: Range;
  event: string | undefined;
}

export type View =
  | ({
      page: 'ranking';
      search: string;
      tag: string | undefined;
      cursor: string | undefined;
      /** The chosen columns of counts; undefined for the default ones. */
      columns: readonly string[] | undefined;
    } & Shown)
  | ({ page: 'video'; videoId: string } & Shown)
  | { page: 'not-found' };

const DEFAULT: RangeName = '30d';
const VIDEOS = '/admin/videos/';
const FIRST_DAY = '1970-01-01';

/** The view of an address, if these events are enabled. An invalid range or event becomes the default one. */
export function viewOf(pathname: string, query: string, enabled: readonly string[]): View {
  const asked = new URLSearchParams(query);
  const shown = { range: rangeOf(asked), event: enabled.find((event) => event === asked.get('event')) };
  if (/^\/admin\/?$/.test(pathname)) {
    return {
      page: 'ranking',
      ...shown,
      search: asked.get('q') ?? '',
      tag: asked.get('tag') ?? undefined,
      cursor: asked.get('cursor') ?? undefined,
      columns: columnsIn(asked, enabled),
    };
  }
  const videoId = pathname.startsWith(VIDEOS) ? decoded(pathname.slice(VIDEOS.length)) : undefined;
  return videoId ? { page: 'video', ...shown, videoId } : { page: 'not-found' };
}

/** The address of a view. */
export function hrefOf(view: View): string {
  switch (view.page) {
    case 'ranking':
      return `/admin${queryOf({
        ...shownQuery(view),
        columns: view.columns?.join(),
        tag: view.tag,
        q: view.search || undefined,
        cursor: view.cursor,
      })}`;
    case 'video':
      return `${VIDEOS}${encodeURIComponent(view.videoId)}${queryOf(shownQuery(view))}`;
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

/** The first page of the ranking of what a view shows. */
export function rankingOf({ range, event }: Shown, tag?: string): View {
  return { page: 'ranking', range, event, search: '', tag, cursor: undefined, columns: undefined };
}

/** The same view with another range or event, from its first page on. */
export function withShown(view: View, shown: Partial<Shown>): View {
  switch (view.page) {
    case 'ranking':
      return { ...view, ...shown, cursor: undefined };
    case 'video':
      return { ...view, ...shown };
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

/** As many days just before; undefined if an end is open, or if they would begin before 1970. */
export function boundsBefore({ since, until }: Bounds): { since: Day; until: Day } | undefined {
  if (since === undefined || until === undefined) return undefined;
  const before = addDays(since, -daysBetween(since, until));
  return before < FIRST_DAY ? undefined : { since: before, until: since };
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

function columnsIn(asked: URLSearchParams, enabled: readonly string[]): string[] | undefined {
  const named = enabled.length > 0 ? asked.get('columns')?.split(',') : undefined;
  return named && choicesOf(enabled).filter((column) => named.includes(column));
}

function shownQuery({ range, event }: Shown): Record<string, string | undefined> {
  if (range.name === 'custom') return { since: range.since, until: range.until, event };
  return { range: range.name === DEFAULT ? undefined : range.name, event };
}
