/** The shell of the admin pages: the session, and the current page. */
import { useState } from 'react';

import { Header } from '../header.js';
import { Link, usePathname, useSearch } from '../navigation.js';
import { useHeadingFocus, useTitle } from '../page-effects.js';
import { AnalyticsPage } from './analytics/page.js';
import type { Api } from './api.js';
import { Pipeline } from './pipeline.js';
import { SignInPage } from './sign-in.js';
import { type SessionControl, useSession } from './use-session.js';
import { VideoPage } from './videos/[videoId]/page.js';
import { viewOf } from './view.js';

export interface AdminProps {
  api: Api;
  /** The events that the server counts, in the order of their shares; none if it counts the half alone. */
  enabled: readonly string[];
}

export function Admin({ api, enabled }: AdminProps) {
  const control = useSession(api);
  return (
    <>
      <Header name="pulse" home="/admin">
        {control.session.state === 'in' && <SignOut signOut={control.signOut} />}
      </Header>
      <main id="content" tabIndex={-1}>
        <Content api={api} enabled={enabled} control={control} />
      </main>
    </>
  );
}

function Content({ api, enabled, control }: AdminProps & { control: SessionControl }) {
  const { session, signIn, onSignedOut } = control;
  switch (session.state) {
    case 'unknown':
      return null;
    case 'out':
      return <SignInPage ended={session.ended} onSignIn={signIn} />;
    case 'in':
      return <SignedIn api={api} enabled={enabled} onSignedOut={onSignedOut} />;
    case 'failed':
      return (
        <div className="empty" role="alert">
          {session.problem.kind === 'unavailable' ? session.problem.detail : 'The server does not answer.'} Asking again
          every few seconds.
        </div>
      );
    default:
      return session satisfies never;
  }
}

function SignedIn(props: AdminProps & { onSignedOut: () => void }) {
  const pathname = usePathname();
  const view = viewOf(pathname, useSearch(), props.enabled);
  useHeadingFocus(pathname);
  return (
    <>
      <Pipeline {...props} />
      {view.page === 'ranking' && <AnalyticsPage {...props} view={view} />}
      {view.page === 'video' && <VideoPage key={view.videoId} {...props} view={view} />}
      {view.page === 'not-found' && <NotFoundPage />}
    </>
  );
}

function NotFoundPage() {
  useTitle('Not found', 'pulse');
  return (
    <div className="empty">
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        <Link to="/admin">What people watch</Link>
      </p>
    </div>
  );
}

function SignOut({ signOut }: Pick<SessionControl, 'signOut'>) {
  const [failed, setFailed] = useState(false);
  return (
    <p className="sign-out">
      <span role="alert">{failed && 'Not signed out: the server does not answer.'}</span>
      <button
        className="button"
        type="button"
        onClick={() => {
          void signOut().then((problem) => setFailed(problem !== undefined));
        }}
      >
        Sign out
      </button>
    </p>
  );
}
