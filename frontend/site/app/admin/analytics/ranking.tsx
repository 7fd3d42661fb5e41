import { memo, useEffect, useRef } from 'react';

import { Link } from '../../navigation.js';
import type { Place, Top } from '../api.js';
import { COMPLETION, completionOf } from '../columns.js';
import { wordsOf } from '../event-words.js';
import { UNKNOWN } from '../funnel.js';
import { PageLink } from '../page-link.js';
import { Sparkline } from '../sparkline.js';
import { VideoId } from '../video-id.js';
import { type View, hasAddress, hrefOf } from '../view.js';
import { number, share } from '../words.js';

const SKELETON_ROWS = 10;
/** A sparkline needs at least two days. */
const FEWEST_DAYS = 2;

export interface RankingProps {
  top: Top;
  view: Extract<View, { page: 'ranking' }>;
  enabled: readonly string[];
  /** The columns of counts, and of the completion. */
  columns: readonly string[];
  /** Whether all days of the range are recorded, so that there can be a completion. */
  recorded: boolean;
}

/** The ranking of videos. When the page changes, focus and window move to the top of the table. */
export function Ranking(props: RankingProps) {
  const { top, view, enabled, columns } = props;
  const table = useTopOf(view.cursor);
  const most = Math.max(...top.videos.map(({ counts }) => counts[top.event] ?? 0));
  const daily = top.videos.some((place) => (place.daily?.length ?? 0) >= FEWEST_DAYS);
  return (
    <table ref={table} tabIndex={-1} className={columns.length > 1 ? 'ranking many' : 'ranking'} aria-label="Ranking">
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
          {columns.map((column) => (
            <th key={column} className="count" scope="col" aria-sort={sorting(column, props)}>
              {column === COMPLETION ? 'Completion' : wordsOf(column, enabled).head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {top.videos.map((place) => (
          <Row key={place.videoId} {...props} place={place} most={most} daily={daily} />
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

/** With one column of counts there is nothing to say. */
function sorting(column: string, { top, columns }: RankingProps) {
  return column === top.event && columns.length > 1 ? 'descending' : undefined;
}

interface RowProps extends RankingProps {
  place: Place;
  /** The count of the first video on the page, whose bar is full. */
  most: number;
  daily: boolean;
}

const Row = memo(function Row({ place, most, daily, top, view, enabled, columns, recorded }: RowProps) {
  const count = place.counts[top.event] ?? 0;
  return (
    <tr>
      <td className="rank">{number(place.rank)}</td>
      <th scope="row">
        <Name place={place} view={view} />
      </th>
      {daily && (
        <td className="daily">
          <Sparkline values={place.daily ?? []} />
        </td>
      )}
      <td className="share">
        <span className="part" aria-hidden="true">
          <i style={{ width: `${(count / most) * 100}%` }} />
        </span>
        <span className="percent">{share(count, top.total)}</span>
      </td>
      {columns.map((column) => (
        <td key={column} className={column === top.event ? 'count' : 'count other'}>
          {column === COMPLETION ? completion(place, enabled, recorded) : number(place.counts[column] ?? 0)}
        </td>
      ))}
    </tr>
  );
});

/** A video by its title, if it has one, and its id. */
function Name({ place: { videoId, title, pageUrl }, view }: Pick<RowProps, 'place' | 'view'>) {
  const name = title ? <bdi className="video-title">{title}</bdi> : <VideoId id={videoId} />;
  return (
    <>
      {hasAddress(videoId) ? (
        <Link to={hrefOf({ page: 'video', videoId, range: view.range, event: view.event })}>{name}</Link>
      ) : (
        name
      )}
      {(title ?? pageUrl) && (
        <span className="beside">
          {title && <VideoId id={videoId} />}
          <PageLink url={pageUrl} name={title ?? videoId} />
        </span>
      )}
    </>
  );
}

function completion({ counts }: Place, enabled: readonly string[], recorded: boolean): string {
  const part = recorded ? completionOf(counts, enabled) : undefined;
  return part === undefined ? UNKNOWN : share(part, 1);
}
