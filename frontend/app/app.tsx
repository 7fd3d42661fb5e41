/** The shell of the site: what stands on every page, and which page stands in it. */
import { FeedPage } from './feed/page.js';
import { Link, usePathname } from './navigation.js';
import { NotFoundPage } from './not-found.js';
import { useHeadingFocus } from './page-effects.js';
import { routeOf } from './routes.js';
import { WatchPage } from './watch/[videoId]/page.js';

export function App() {
  const pathname = usePathname();
  useHeadingFocus(pathname);
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="site-header">
        <Link className="wordmark" to="/">
          <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="16" cy="16" r="13" />
            <path d="M16 3a13 13 0 0 1 0 26z" />
          </svg>
          Halfway
        </Link>
      </header>
      <main id="content" tabIndex={-1}>
        <Page pathname={pathname} />
      </main>
      <footer className="site-footer">
        <p>
          A film counts as watched when it plays past its half, once per viewer and day; previews count too. No cookies: this
          browser keeps a random id, and nothing else tells viewers apart.
        </p>
      </footer>
    </>
  );
}

function Page({ pathname }: { pathname: string }) {
  const route = routeOf(pathname);
  switch (route.page) {
    case 'feed':
      return <FeedPage />;
    case 'watch':
      return <WatchPage videoId={route.videoId} />;
    case 'not-found':
      return <NotFoundPage />;
    default:
      return route satisfies never;
  }
}
