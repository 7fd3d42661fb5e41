import { Link } from '../../../navigation.js';
import { useTitle } from '../../../page-effects.js';
import type { Api, VideoReport } from '../../api.js';
import { Chart } from '../../chart.js';
import { RangePicker } from '../../range-picker.js';
import type { Remote } from '../../remote.js';
import { Failure, Staleness } from '../../staleness.js';
import { useToday } from '../../use-clock.js';
import { usePolled } from '../../use-polled.js';
import { VideoId } from '../../video-id.js';
import { type View, boundsOf, hrefOf, rankingOf } from '../../view.js';
import { visible } from '../../visible.js';
import { day, number } from '../../words.js';

type VideoView = Extract<View, { page: 'video' }>;

/** One video: its views in the range and of all time, and by day. */
export function VideoPage({ api, view, onSignedOut }: { api: Api; view: VideoView; onSignedOut: () => void }) {
  useTitle(visible(view.videoId), 'pulse');
  const today = useToday();
  const bounds = boundsOf(view.range, today);
  const { videoId } = view;
  const { remote, busy } = usePolled(
    JSON.stringify([videoId, bounds]),
    (signal) => api.video(videoId, bounds, signal),
    onSignedOut,
  );
  return (
    <>
      <p className="way-back">
        <Link to={hrefOf(rankingOf(view.range))}>All videos</Link>
      </p>
      <div className="page-head">
        <h1 tabIndex={-1} className="video-name">
          <VideoId id={videoId} />
        </h1>
        <RangePicker view={view} bounds={bounds} today={today} />
      </div>
      {remote.state === 'stale' && <Staleness at={remote.at} problem={remote.problem} />}
      <Video remote={remote} busy={busy} />
    </>
  );
}

function Video({ remote, busy }: { remote: Remote<VideoReport>; busy: boolean }) {
  switch (remote.state) {
    case 'loading':
      return <div className="panel chart-panel" aria-busy="true" />;
    case 'failed':
      return remote.problem.kind === 'not-found' ? <Unwatched /> : <Failure problem={remote.problem} />;
    case 'ready':
    case 'stale':
      return (
        <>
          <div className="panel chart-panel" aria-busy={busy}>
            <Chart days={remote.data.daily} />
          </div>
          <Figures report={remote.data} />
        </>
      );
    default:
      return remote satisfies never;
  }
}

function Unwatched() {
  return (
    <div className="empty">
      <h2>Nobody has watched this video</h2>
      <p>Or its id is another: upper and lower case differ, and so do spaces. It appears here with its first view.</p>
    </div>
  );
}

function Figures({ report }: { report: VideoReport }) {
  const figures = {
    'Views in this range': number(report.watched50Count),
    'Views of all time': number(report.total),
    Rank: report.rank === null ? 'below 10,000' : number(report.rank),
    'First seen': day(report.firstDay),
    'Last seen': day(report.lastDay),
  };
  return (
    <dl className="figures">
      {Object.entries(figures).map(([term, figure]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  );
}
