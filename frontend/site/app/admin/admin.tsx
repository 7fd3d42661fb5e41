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

export function Admin({ api }: { api: Api }) {
  const control = useSession(api);
  return (
    <>
      <Header name="pulse" home="/admin">
        {control.session.state === 'in' && <SignOut signOut={control.signOut} />}
      </Header>
      <main id="content" tabIndex={-1}>
        <Content api={api} control={control} />
      </main>
    </>
  );
}

function Content({ api, control }: { api: Api; control: SessionControl }) {
  const { session, signIn, onSignedOut } = control;
  switch (session.state) {
    case 'unknown':
      return null;
    case 'out':
      return <SignInPage ended={session.ended} onSignIn={signIn} />;
    case 'in':
      return <SignedIn api={api} onSignedOut={onSignedOut} />;
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

function SignedIn({ api, onSignedOut }: { api: Api; onSignedOut: () => void }) {
  const pathname = usePathname();
  const view = viewOf(pathname, useSearch());
  useHeadingFocus(pathname);
  return (
    <>
      <Pipeline api={api} onSignedOut={onSignedOut} />
      {view.page === 'ranking' && <AnalyticsPage api={api} view={view} onSignedOut={onSignedOut} />}
      {view.page === 'video' && <VideoPage key={view.videoId} api={api} view={view} onSignedOut={onSignedOut} />}
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
