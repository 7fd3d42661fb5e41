/** Routing within the site: the current address, and navigation. Two kinds of page need no library for it. */
import { type ComponentPropsWithoutRef, type MouseEvent, useSyncExternalStore } from 'react';

/** The path of the current page. */
export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** The query string of the current page, with its question mark, or ''. */
export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => window.location.search);
}

/** A link within the site. Clicks with a modifier key are left to the browser. */
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

/** Navigates to an address; `replace` replaces the current entry of the browser's history. */
export function navigate(to: string, { replace = false } = {}): void {
  const { pathname, search } = window.location;
  if (replace) window.history.replaceState(null, '', to);
  else if (to !== pathname + search) window.history.pushState(null, '', to);
  window.dispatchEvent(new PopStateEvent('popstate'));
  const onlyQueryChanged = window.location.pathname === pathname && window.location.search !== search;
  if (!onlyQueryChanged) window.scrollTo(0, 0);
}

/** Reverses `encodeURIComponent`. Returns undefined if `text` is not validly encoded. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // A stray percent sign.
  }
}

function subscribe(notify: () => void): () => void {
  window.addEventListener('popstate', notify);
  return () => {
    window.removeEventListener('popstate', notify);
  };
}
