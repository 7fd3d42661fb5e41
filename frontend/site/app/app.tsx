/** The shell of the site: what every page has, and the current page in it. */
import { FeedPage } from './feed/page.js';
import { Header } from './header.js';
import { usePathname } from './navigation.js';
import { NotFoundPage } from './not-found.js';
import { useHeadingFocus } from './page-effects.js';
import { routeOf } from './routes.js';
import { WatchPage } from './watch/[videoId]/page.js';

export function App() {
  const pathname = usePathname();
  useHeadingFocus(pathname);
  return (
    <>
      <Header name="Halfway" home="/" />
      <main id="content" tabIndex={-1}>
        <Page pathname={pathname} />
      </main>
      <footer className="site-footer">
        <p>
          A film counts as watched when it plays past its half, once per viewer in 24 hours; previews count too. No
          cookies: this browser keeps a random id, and nothing else tells viewers apart.
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
