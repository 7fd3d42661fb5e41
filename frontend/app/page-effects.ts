/** What a page asks of the browser around it. */
import { type RefObject, useEffect, useState, useSyncExternalStore } from 'react';

const SITE = 'Halfway';
const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';
/** The share of an element that must be in the window. */
const SEEN_SHARE = 0.6;

/** Names the tab. */
export function useTitle(title?: string): void {
  useEffect(() => {
    document.title = title === undefined ? SITE : `${title} · ${SITE}`;
  }, [title]);
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
