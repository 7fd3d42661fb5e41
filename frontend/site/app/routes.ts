/** The site's own pages and their addresses. */
import { decoded } from './navigation.js';

export type Route = { page: 'feed' } | { page: 'watch'; videoId: string } | { page: 'not-found' };

/** The page of a path. */
export function routeOf(pathname: string): Route {
  if (pathname === '/') return { page: 'feed' };
  const encoded = /^\/watch\/(.+)$/.exec(pathname)?.[1];
  const videoId = encoded === undefined ? undefined : decoded(encoded);
  return videoId === undefined ? { page: 'not-found' } : { page: 'watch', videoId };
}

/** The path of a video's page. */
export function watchPath(videoId: string): string {
  return `/watch/${encodeURIComponent(videoId)}`;
}
