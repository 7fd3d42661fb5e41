/** The router: two pages need no library. */
import { type ComponentPropsWithoutRef, type MouseEvent, useSyncExternalStore } from 'react';

export type Route = { page: 'feed' } | { page: 'watch'; videoId: string } | { page: 'not-found' };

/** The page that a path names. */
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

/** The path of the page that is shown. */
export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** A link within the site. What a browser does with a modified click stays the browser's. */
export function Link({ to, children, ...props }: ComponentPropsWithoutRef<'a'> & { to: string }) {
  const follow = (event: MouseEvent): void => {
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!plain) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a {...props} href={to} onClick={follow}>
      {children}
    </a>
  );
}

function navigate(to: string): void {
  if (to !== window.location.pathname) window.history.pushState(null, '', to);
  window.dispatchEvent(new PopStateEvent('popstate'));
  window.scrollTo(0, 0);
}

function subscribe(notify: () => void): () => void {
  window.addEventListener('popstate', notify);
  return () => {
    window.removeEventListener('popstate', notify);
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // A stray percent sign.
  }
}
