/** Addresses within the site: which one is shown, and the way to another. Two kinds of page need no library for it. */
import { type ComponentPropsWithoutRef, type MouseEvent, useSyncExternalStore } from 'react';

/** The path of the page that is shown. */
export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** The query of the page that is shown, from its question mark on; empty if there is none. */
export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => window.location.search);
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

/** Shows another address; with `replace`, in the place of this one in the browser's history. */
export function navigate(to: string, { replace = false } = {}): void {
  const { pathname, search } = window.location;
  if (replace) window.history.replaceState(null, '', to);
  else if (to !== pathname + search) window.history.pushState(null, '', to);
  window.dispatchEvent(new PopStateEvent('popstate'));
  const onlyQueryChanged = window.location.pathname === pathname && window.location.search !== search;
  if (!onlyQueryChanged) window.scrollTo(0, 0);
}

/** The text that `encodeURIComponent` made this of; undefined if it made nothing like it. */
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
