/** What a page asks of the browser around it. */
import { type RefObject, useEffect, useRef, useState, useSyncExternalStore } from 'react';

const SITE = 'Halfway';
const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';
/** The share of an element that must be in the window. */
const SEEN_SHARE = 0.6;

/** Names the tab, for a page of `site`. */
export function useTitle(title?: string, site = SITE): void {
  useEffect(() => {
    document.title = title === undefined ? site : `${title} · ${site}`;
  }, [title, site]);
}

/** After a change of page, puts the keyboard and the screen reader at its heading, as a page load would. */
export function useHeadingFocus(pathname: string): void {
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    document.querySelector('h1')?.focus({ preventScroll: true });
  }, [pathname]);
}

/** Whether the viewer asked for less motion: then nothing may start by itself. */
export function useReducedMotion(): boolean {
  return useSyncExternalStore(subscribeToMotion, () => window.matchMedia(REDUCED_MOTION).matches);
}

/** Whether the element is on the screen, for the most part. */
export function useOnScreen(element: RefObject<Element | null>): boolean {
  const [onScreen, setOnScreen] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        setOnScreen((entries.at(-1)?.intersectionRatio ?? 0) >= SEEN_SHARE);
      },
      { threshold: SEEN_SHARE },
    );
    observer.observe(element.current);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return onScreen;
}

function subscribeToMotion(notify: () => void): () => void {
  const query = window.matchMedia(REDUCED_MOTION);
  query.addEventListener('change', notify);
  return () => {
    query.removeEventListener('change', notify);
  };
}
