import { useCallback, useEffect, useState } from 'react';

import type { Answer, Api, Problem, Session } from './api.js';

/**
 * - `unknown`: there is no answer from the server yet.
 * - `out`: not signed in; `ended` if a session has ended.
 * - `in`: signed in.
 * - `failed`: the server did not answer; the request is repeated.
 */
export type SessionState =
  | { state: 'unknown' }
  | { state: 'out'; csrfToken: string; ended: boolean }
  | { state: 'in'; csrfToken: string }
  | { state: 'failed'; problem: Problem };

const AGAIN_MS = 5_000;

export interface SessionControl {
  session: SessionState;
  /** Signs in. Returns the problem, if any. */
  signIn: (token: string) => Promise<Problem | undefined>;
  /** Signs out. Returns the problem, if any. */
  signOut: () => Promise<Problem | undefined>;
  /** Call it when another request finds that the session has ended. */
  onSignedOut: () => void;
}

/** The browser's session with the server. */
export function useSession(api: Api): SessionControl {
  const [session, setSession] = useState<SessionState>({ state: 'unknown' });
  const look = useCallback(
    async (ended: boolean) => {
      setSession(stateOf(await api.session(), ended));
    },
    [api],
  );
  useEffect(() => {
    if (session.state !== 'unknown' && session.state !== 'failed') return;
    const timer = setTimeout(() => void look(false), session.state === 'failed' ? AGAIN_MS : 0);
    return () => {
      clearTimeout(timer);
    };
  }, [session, look]);
  const onSignedOut = useCallback(() => void look(true), [look]);
  return {
    session,
    onSignedOut,
    signIn: async (token) => {
      const answer = await withCsrfToken(api, session, (csrfToken) => api.signIn(token, csrfToken));
      if (answer.kind !== 'ok') return answer;
      setSession(stateOf(answer, false));
      return undefined;
    },
    signOut: async () => {
      const answer = await withCsrfToken(api, session, (csrfToken) => api.signOut(csrfToken));
      if (answer.kind !== 'ok') return answer;
      await look(false);
      return undefined;
    },
  };
}

/** Makes a change, and repeats it with a fresh CSRF token if the browser's session is no longer the known one. */
async function withCsrfToken<T>(
  api: Api,
  session: SessionState,
  change: (csrfToken: string) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  const answer = await change('csrfToken' in session ? session.csrfToken : '');
  if (answer.kind !== 'forbidden') return answer;
  const fresh = await api.session();
  return fresh.kind === 'ok' ? change(fresh.data.csrfToken) : fresh;
}

function stateOf(answer: Answer<Session>, ended: boolean): SessionState {
  if (answer.kind !== 'ok') return { state: 'failed', problem: answer };
  const { signedIn, csrfToken } = answer.data;
  return signedIn ? { state: 'in', csrfToken } : { state: 'out', csrfToken, ended };
}
