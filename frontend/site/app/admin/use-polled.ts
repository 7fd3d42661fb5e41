import { useEffect, useEffectEvent, useState } from 'react';

import type { Answer } from './api.js';
import { type Remote, afterAnswer } from './remote.js';

/** The polling interval. */
const EVERY_MS = 5_000;

export interface Polled<T> {
  remote: Remote<T>;
  /** Whether the data is still that of the previous key, because the answer for this one is not there yet. */
  busy: boolean;
}

/**
 * Requests data now, and again every EVERY_MS while the tab is visible. `key` identifies the request: a new key
 * requests at once, and the old data stays until its answer. `onSignedOut` is called when the session has ended.
 */
export function usePolled<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<Answer<T>>,
  onSignedOut: () => void,
): Polled<T> {
  const [held, setHeld] = useState<{ key: string; remote: Remote<T> }>({ key, remote: { state: 'loading' } });
  const ask = useEffectEvent(load);
  const take = useEffectEvent((answer: Answer<T>) => {
    if (answer.kind === 'signed-out') onSignedOut();
    const now = Date.now();
    setHeld((before) => {
      const known: Remote<T> = before.key === key ? before.remote : { state: 'loading' };
      return { key, remote: afterAnswer(known, answer, now) };
    });
  });
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    const turn = async (): Promise<void> => {
      if (asking || document.visibilityState === 'hidden') return;
      clearTimeout(timer);
      asking = true;
      const answer = await ask(ended.signal);
      asking = false;
      if (ended.signal.aborted) return;
      take(answer);
      timer = setTimeout(() => void turn(), EVERY_MS);
    };
    void turn();
    document.addEventListener('visibilitychange', () => void turn(), { signal: ended.signal });
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [key]);
  return { remote: held.remote, busy: held.key !== key };
}
