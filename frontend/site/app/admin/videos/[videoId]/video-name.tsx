import { Link } from '../../../navigation.js';
import type { CatalogueEntry } from '../../api.js';
import { PageLink } from '../../page-link.js';
import { VideoId } from '../../video-id.js';
import { type View, hrefOf, rankingOf } from '../../view.js';

export interface VideoNameProps {
  view: Extract<View, { page: 'video' }>;
  /** Undefined or null if the catalogue does not have the video. */
  entry: CatalogueEntry | null | undefined;
}

/** A video's title, if it has one, its id, and what else the catalogue knows. */
export function VideoName({ view, entry }: VideoNameProps) {
  const title = entry?.title;
  return (
    <>
      <h1 tabIndex={-1} className="video-name">
        {title ? <bdi className="video-title">{title}</bdi> : <VideoId id={view.videoId} />}
      </h1>
      {entry && (
        <p className="beside">
          {title && <VideoId id={view.videoId} />}
          <PageLink url={entry.pageUrl} name={title ?? view.videoId} />
          {entry.tags.map((tag) => (
            <Link key={tag} className="tag" to={hrefOf(rankingOf(view, tag))}>
              {tag}
            </Link>
          ))}
        </p>
      )}
    </>
  );
}
