import { memo } from 'react';

import { Link } from '../../navigation.js';
import type { Place, Top } from '../api.js';
import { Sparkline } from '../sparkline.js';
import { VideoId } from '../video-id.js';
import { type Range, hasAddress, hrefOf } from '../view.js';
import { number, share } from '../words.js';

const SKELETON_ROWS = 10;
/** One day is no line. */
const FEWEST_DAYS = 2;

/** The videos by how often they were watched. */
export function Ranking({ top, range }: { top: Top; range: Range }) {
  const daily = top.videos.some((place) => (place.daily?.length ?? 0) >= FEWEST_DAYS);
  return (
    <table className="ranking" aria-label="Ranking">
      <thead>
        <tr>
          <th className="rank" scope="col">
            Rank
          </th>
          <th scope="col">Video</th>
          {daily && (
            <th className="daily" scope="col">
              Daily
            </th>
          )}
          <th className="share" scope="col">
            Share
          </th>
          <th className="count" scope="col">
            Views
          </th>
        </tr>
      </thead>
      <tbody>
        {top.videos.map((place) => (
          <Row key={place.videoId} place={place} total={top.total} range={range} daily={daily} />
        ))}
      </tbody>
    </table>
  );
}

/** Where the rows will be. */
export function RankingSkeleton() {
  return (
    <>
      <p className="visually-hidden" role="status">
        Loading …
      </p>
      <div className="skeleton" aria-hidden="true">
        {Array.from({ length: SKELETON_ROWS }, (_, index) => (
          <i key={index} />
        ))}
      </div>
    </>
  );
}

const Row = memo(function Row({ place, total, range, daily }: { place: Place; total: number; range: Range; daily: boolean }) {
  const { rank, videoId, watched50Count } = place;
  return (
    <tr>
      <td className="rank">{number(rank)}</td>
      <th scope="row">
        {hasAddress(videoId) ? (
          <Link to={hrefOf({ page: 'video', videoId, range })}>
            <VideoId id={videoId} />
          </Link>
        ) : (
          <VideoId id={videoId} />
        )}
      </th>
      {daily && (
        <td className="daily">
          <Sparkline values={place.daily ?? []} />
        </td>
      )}
      <td className="share">
        <span className="part" aria-hidden="true">
          <i style={{ width: `${(watched50Count / Math.max(1, total)) * 100}%` }} />
        </span>
        {share(watched50Count, total)}
      </td>
      <td className="count">{number(watched50Count)}</td>
    </tr>
  );
});
