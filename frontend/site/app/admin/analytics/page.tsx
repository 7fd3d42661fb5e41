import { useTitle } from '../../page-effects.js';
import { type Api, type Series, type Top, both, exportHref } from '../api.js';
import { Chart } from '../chart.js';
import { RangePicker } from '../range-picker.js';
import { Failure, Staleness } from '../staleness.js';
import { useToday } from '../use-clock.js';
import { usePolled } from '../use-polled.js';
import { type Bounds, type View, boundsOf } from '../view.js';
import { number } from '../words.js';
import { Pages } from './pages.js';
import { Ranking, RankingSkeleton } from './ranking.js';
import { Search } from './search.js';

type RankingView = Extract<View, { page: 'ranking' }>;

/** What people watch: the total, the counts by day, and the ranking of videos. */
export function AnalyticsPage({ api, view, onSignedOut }: { api: Api; view: RankingView; onSignedOut: () => void }) {
  useTitle('What people watch', 'pulse');
  const today = useToday();
  const bounds = boundsOf(view.range, today);
  const { search, cursor } = view;
  const { remote, busy } = usePolled<[Top, Series]>(
    JSON.stringify([bounds, search, cursor]),
    (signal) => both(api.top({ bounds, search, cursor }, signal), api.series(bounds, signal)),
    onSignedOut,
  );
  const known = remote.state === 'ready' || remote.state === 'stale' ? remote.data : undefined;
  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>What people watch</h1>
        <p className="total">
          <b data-testid="total">{known ? number(known[0].total) : '–'}</b> {known?.[0].total === 1 ? 'view' : 'views'}
        </p>
        <RangePicker view={view} bounds={bounds} today={today} />
      </div>
      {remote.state === 'stale' && <Staleness at={remote.at} problem={remote.problem} />}
      {remote.state !== 'failed' && (
        <div className="panel chart-panel" aria-busy={busy || !known}>
          {known && <Chart days={known[1].days} />}
        </div>
      )}
      <div className="tools">
        <Search view={view} />
        <a className="button" href={exportHref(bounds, search)} download>
          Download CSV
        </a>
      </div>
      <div className="panel" aria-busy={busy || remote.state === 'loading'}>
        {known && <Videos top={known[0]} view={view} bounds={bounds} />}
        {remote.state === 'loading' && <RankingSkeleton />}
        {remote.state === 'failed' && <Failure problem={remote.problem} />}
      </div>
      <p className="footnote">
        A view is a video that played past its half, once per viewer in 24 hours. The chart’s days are UTC; the last one
        is not over.
      </p>
    </>
  );
}

function Videos({ top, view, bounds }: { top: Top; view: RankingView; bounds: Bounds }) {
  if (top.videos.length === 0) return <Nothing top={top} view={view} bounds={bounds} />;
  return (
    <>
      <Ranking top={top} range={view.range} page={view.cursor} />
      <Pages view={view} nextCursor={top.nextCursor} />
    </>
  );
}

function Nothing({ top, view, bounds }: { top: Top; view: RankingView; bounds: Bounds }) {
  if (view.search && top.total > 0) {
    return (
      <p className="empty">
        No video begins with “<bdi>{view.search}</bdi>”, among those with views in this range. Upper and lower case
        differ.
      </p>
    );
  }
  if (view.cursor) return <p className="empty">The ranking ends before this page.</p>;
  if (bounds.since !== undefined) return <p className="empty">No views in this range.</p>;
  return <p className="empty">Nobody has watched anything yet. The first view will appear here.</p>;
}
