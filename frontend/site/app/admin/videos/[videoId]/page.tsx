import { Link } from '../../../navigation.js';
import { useTitle } from '../../../page-effects.js';
import { type Answer, type Api, type Ranking, type Top, type VideoReport, both } from '../../api.js';
import { Chart } from '../../chart.js';
import { daysBetween } from '../../days.js';
import { wordsOf } from '../../event-words.js';
import { FunnelTable } from '../../funnel-table.js';
import { MOST_WATCHED, mediansOf } from '../../medians.js';
import { Note } from '../../note.js';
import { RangePicker } from '../../range-picker.js';
import type { Remote } from '../../remote.js';
import { Failure, Staleness } from '../../staleness.js';
import { useToday } from '../../use-clock.js';
import { usePolled } from '../../use-polled.js';
import { type Bounds, type View, boundsBefore, boundsOf, hrefOf, rankingOf } from '../../view.js';
import { visible } from '../../visible.js';
import { counted } from '../../words.js';
import { Figures } from './figures.js';
import { VideoName } from './video-name.js';

type VideoView = Extract<View, { page: 'video' }>;

export interface VideoPageProps {
  api: Api;
  view: VideoView;
  enabled: readonly string[];
  onSignedOut: () => void;
}

/** The video's report, and what it is compared with: the most watched videos, and the range before. */
type Reports = [VideoReport, [Top | undefined, VideoReport | undefined]];

/** One video: its counts in the range, of all time and by day, and how far its viewers watch. */
export function VideoPage({ api, view, enabled, onSignedOut }: VideoPageProps) {
  const today = useToday();
  const bounds = boundsOf(view.range, today);
  const { videoId, event } = view;
  const { remote, busy } = usePolled(
    JSON.stringify([videoId, bounds, event]),
    (signal) => ask(api, view, bounds, enabled, signal),
    onSignedOut,
  );
  const entry = remote.state === 'ready' || remote.state === 'stale' ? remote.data[0].catalogue : undefined;
  useTitle(visible(entry?.title ?? videoId), 'pulse');
  return (
    <>
      <p className="way-back">
        <Link to={hrefOf(rankingOf(view))}>All videos</Link>
      </p>
      <div className="page-head">
        <VideoName view={view} entry={entry} />
        <RangePicker view={view} bounds={bounds} today={today} />
      </div>
      {remote.state === 'stale' && <Staleness at={remote.at} problem={remote.problem} />}
      <Video remote={remote} busy={busy} view={view} enabled={enabled} bounds={bounds} />
    </>
  );
}

/** The comparisons are asked for only if there is a funnel to compare. */
function ask(api: Api, { videoId, event }: VideoView, bounds: Bounds, enabled: readonly string[], signal: AbortSignal) {
  const nothing: Promise<Answer<undefined>> = Promise.resolve({ kind: 'ok', data: undefined });
  const before = enabled.length > 1 ? boundsBefore(bounds) : undefined;
  return both<VideoReport, Reports[1]>(
    api.video(videoId, bounds, event, signal),
    both<Reports[1][0], Reports[1][1]>(
      enabled.length > 1 ? api.top(mostWatched(bounds, enabled[0]), signal) : nothing,
      before ? api.video(videoId, before, event, signal) : nothing,
    ),
  );
}

function mostWatched(bounds: Bounds, event: string | undefined): Ranking {
  return { bounds, event, search: '', cursor: undefined, tag: undefined, limit: MOST_WATCHED };
}

interface VideoProps {
  remote: Remote<Reports>;
  busy: boolean;
  view: VideoView;
  enabled: readonly string[];
  bounds: Bounds;
}

function Video(props: VideoProps) {
  const { remote, busy, enabled } = props;
  switch (remote.state) {
    case 'loading':
      return (
        <>
          <div className="panel chart-panel" aria-busy="true" />
          {enabled.length > 1 && <HowFar {...props} reports={undefined} />}
        </>
      );
    case 'failed':
      return remote.problem.kind === 'not-found' ? <Unwatched /> : <Failure problem={remote.problem} />;
    case 'ready':
    case 'stale': {
      const [report] = remote.data;
      const words = wordsOf(report.event, enabled);
      return (
        <>
          <div className="panel chart-panel" aria-busy={busy}>
            <Chart days={report.daily} event={report.event} words={words} />
          </div>
          {enabled.length > 1 && <HowFar {...props} reports={remote.data} />}
          <Figures report={report} words={words} />
          {enabled.length > 0 && <Note enabled={enabled} compared />}
        </>
      );
    }
    default:
      return remote satisfies never;
  }
}

function HowFar({ reports, busy, view, enabled, bounds }: VideoProps & { reports: Reports | undefined }) {
  const [report, [top, before]] = reports ?? [undefined, []];
  const medians = top && mediansOf(top.videos, enabled);
  return (
    <div className="panel scrolling" aria-busy={busy || !report}>
      <FunnelTable
        funnel={report?.funnel}
        enabled={enabled}
        view={view}
        event={view.event ?? report?.event}
        comparison={{ medians, before: before?.funnel, beforeName: nameOfBefore(bounds) }}
      />
    </div>
  );
}

/** "vs. 30 days before"; undefined if there is no such range. */
function nameOfBefore(bounds: Bounds): string | undefined {
  const before = boundsBefore(bounds);
  return before && `vs. ${counted(daysBetween(before.since, before.until), 'day')} before`;
}

function Unwatched() {
  return (
    <div className="empty">
      <h2>Nobody has watched this video</h2>
      <p>Or its id is another: upper and lower case differ, and so do spaces. It appears here with its first view.</p>
    </div>
  );
}
