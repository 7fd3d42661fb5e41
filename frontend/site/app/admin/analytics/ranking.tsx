import { memo, useEffect, useRef } from 'react';

import { Link } from '../../navigation.js';
import type { Place, Top } from '../api.js';
import { Sparkline } from '../sparkline.js';
import { VideoId } from '../video-id.js';
import { type Range, hasAddress, hrefOf } from '../view.js';
import { number, share } from '../words.js';

const SKELETON_ROWS = 10;
/** A sparkline needs at least two days. */
const FEWEST_DAYS = 2;

/** The ranking of videos. When `page` changes, focus and window move to the top of the table. */
export function Ranking({ top, range, page }: { top: Top; range: Range; page: string | undefined }) {
  const table = useTopOf(page);
  const most = Math.max(...top.videos.map((place) => place.watched50Count));
  const daily = top.videos.some((place) => (place.daily?.length ?? 0) >= FEWEST_DAYS);
  return (
    <table ref={table} tabIndex={-1} className="ranking" aria-label="Ranking">
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
          <Row key={place.videoId} place={place} total={top.total} most={most} range={range} daily={daily} />
        ))}
      </tbody>
    </table>
  );
}

/** A placeholder while the rows load. */
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

interface RowProps {
  place: Place;
  total: number;
  /** The count of the most watched video on the page, whose bar is full. */
  most: number;
  range: Range;
  daily: boolean;
}

/** After a change of page, moves focus, screen reader and window to the top of the table. */
function useTopOf(page: string | undefined) {
  const table = useRef<HTMLTableElement>(null);
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    table.current?.focus({ preventScroll: true });
    table.current?.scrollIntoView({ block: 'start' });
  }, [page]);
  return table;
}

const Row = memo(function Row({ place, total, most, range, daily }: RowProps) {
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
          <i style={{ width: `${(watched50Count / most) * 100}%` }} />
        </span>
        <span className="percent">{share(watched50Count, total)}</span>
      </td>
      <td className="count">{number(watched50Count)}</td>
    </tr>
  );
});
