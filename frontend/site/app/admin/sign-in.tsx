import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';

import { useTitle } from '../page-effects.js';
import type { Problem } from './api.js';
import { counted } from './words.js';

/** The form for the admin token. */
export function SignInPage({
  ended,
  onSignIn,
}: {
  /** Whether there was a session that has ended. */
  ended: boolean;
  onSignIn: (token: string) => Promise<Problem | undefined>;
}) {
  useTitle('Sign in', 'pulse');
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string>();
  const [asking, setAsking] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const ids = { fault: useId(), hint: useId() };
  useEffect(() => {
    field.current?.focus();
    return () => {
      // After signing in, move the focus to the heading of the new page.
      document.querySelector('h1')?.focus({ preventScroll: true });
    };
  }, []);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setFault(undefined);
    setAsking(true);
    const problem = await onSignIn(token);
    setAsking(false);
    if (!problem) return;
    setFault(faultOf(problem));
    field.current?.select();
  };
  return (
    <div className="sign-in">
      <h1 tabIndex={-1}>Sign in</h1>
      {ended && <p className="stale">Your session ended. Sign in, and you are back where you were.</p>}
      <form onSubmit={(event) => void submit(event)}>
        <label>
          Admin token
          <input
            ref={field}
            type="password"
            autoComplete="current-password"
            required
            value={token}
            aria-describedby={`${ids.hint} ${ids.fault}`}
            aria-invalid={fault !== undefined}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <p id={ids.fault} className="fault" role="alert">
          {fault}
        </p>
        <button className="button primary" type="submit" aria-disabled={asking}>
          Sign in
        </button>
      </form>
      <p id={ids.hint} className="hint">
        It is the setting PULSE_ADMIN_TOKEN; where nobody set it, “pulse up” made one and wrote it to its data folder.
      </p>
    </div>
  );
}

function faultOf(problem: Problem): string {
  switch (problem.kind) {
    case 'signed-out':
      return 'That is not the admin token.';
    case 'slow-down':
      return `Too many wrong tries. Try again in ${counted(problem.seconds, 'second')}.`;
    case 'no-answer':
      return 'The server does not answer. Try again.';
    case 'refused':
    case 'unavailable':
      return problem.detail;
    case 'forbidden':
      return 'This browser keeps no cookies of ours; signing in needs one.';
    case 'not-found':
      return 'This server has no sign-in.';
    default:
      return problem satisfies never;
  }
}
