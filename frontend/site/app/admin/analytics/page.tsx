import { useState } from 'react';

import { useTitle } from '../../page-effects.js';
import { type Api, type Series, type Top, both, exportHref } from '../api.js';
import { Chart } from '../chart.js';
import { shownColumns } from '../columns.js';
import { wordsOf } from '../event-words.js';
import { FunnelTable } from '../funnel-table.js';
import { isRecorded } from '../funnel.js';
import { Note } from '../note.js';
import { RangePicker } from '../range-picker.js';
import { Failure, Staleness } from '../staleness.js';
import { useToday } from '../use-clock.js';
import { usePolled } from '../use-polled.js';
import { type View, boundsOf } from '../view.js';
import { number } from '../words.js';
import { ColumnPicker } from './column-picker.js';
import { Nothing } from './nothing.js';
import { Pages } from './pages.js';
import { Ranking, RankingSkeleton } from './ranking.js';
import { Search } from './search.js';
import { TagFilter } from './tag-filter.js';

export interface AnalyticsPageProps {
  api: Api;
  view: Extract<View, { page: 'ranking' }>;
  enabled: readonly string[];
  onSignedOut: () => void;
}

/** What people watch: the total, how far they watch, the counts by day, and the ranking of videos. */
export function AnalyticsPage({ api, view, enabled, onSignedOut }: AnalyticsPageProps) {
  useTitle('What people watch', 'pulse');
  const today = useToday();
  const bounds = boundsOf(view.range, today);
  const { search, cursor, event, tag } = view;
  const { remote, busy } = usePolled<[Top, Series]>(
    JSON.stringify([bounds, search, cursor, event, tag]),
    (signal) => both(api.top({ bounds, search, cursor, event, tag }, signal), api.series(bounds, event, signal)),
    onSignedOut,
  );
  const known = remote.state === 'ready' || remote.state === 'stale' ? remote.data : undefined;
  const [top, series] = known ?? [];
  const titled = useTitles(top);
  const ranked = top?.event ?? event ?? '';
  const words = wordsOf(ranked, enabled);
  const columns = shownColumns(view.columns, enabled, ranked);
  const chart = (
    <div className="panel chart-panel" aria-busy={busy || !known}>
      {series && <Chart days={series.days} event={series.event} words={words} />}
    </div>
  );
  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>What people watch</h1>
        <p className="total">
          <b data-testid="total">{top ? number(top.total) : '–'}</b> {words.after(top?.total ?? 0)}
        </p>
        <RangePicker view={view} bounds={bounds} today={today} />
      </div>
      {remote.state === 'stale' && <Staleness at={remote.at} problem={remote.problem} />}
      {remote.state !== 'failed' && enabled.length < 2 && chart}
      {remote.state !== 'failed' && enabled.length > 1 && (
        <div className="overview">
          <div className="panel scrolling" aria-busy={busy || !known}>
            <FunnelTable funnel={series?.funnel} enabled={enabled} view={view} event={event ?? ranked} />
          </div>
          {chart}
        </div>
      )}
      <div className="tools">
        <Search view={view} titled={titled} />
        {enabled.length > 1 && <ColumnPicker view={view} enabled={enabled} shown={columns} ranked={ranked} />}
        <a className="button" href={exportHref(bounds, search, tag)} download>
          Download CSV
        </a>
      </div>
      <TagFilter view={view} />
      <div className={columns.length > 1 ? 'panel scrolling' : 'panel'} aria-busy={busy || remote.state === 'loading'}>
        {top?.videos.length === 0 && <Nothing top={top} view={view} bounds={bounds} words={words} titled={titled} />}
        {top?.videos.length !== 0 && top && (
          <>
            <Ranking top={top} view={view} enabled={enabled} columns={columns} recorded={isWholeRange(series)} />
            <Pages view={view} nextCursor={top.nextCursor} />
          </>
        )}
        {remote.state === 'loading' && <RankingSkeleton />}
        {remote.state === 'failed' && <Failure problem={remote.problem} />}
      </div>
      <Note enabled={enabled} />
    </>
  );
}

/** Whether any video seen in this visit has a title. */
function useTitles(top: Top | undefined): boolean {
  const [seen, setSeen] = useState(false);
  if (!seen && top?.videos.some(({ title }) => title)) setSeen(true);
  return seen;
}

/** Whether the first and the last milestone are recorded on all days of the range. */
function isWholeRange(series: Series | undefined): boolean {
  const milestones = series?.funnel.milestones ?? [];
  return [milestones[0], milestones.at(-1)].every((milestone) => milestone && isRecorded(milestone));
}
