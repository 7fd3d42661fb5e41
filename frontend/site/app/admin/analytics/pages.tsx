import { Link } from '../../navigation.js';
import { type View, hrefOf } from '../view.js';

type RankingView = Extract<View, { page: 'ranking' }>;

/** The previous page of each page seen in this visit, by address, because cursors only lead forward. */
const before = new Map<string, string>();

/** Links to the other pages of a ranking. */
export function Pages({ view, nextCursor }: { view: RankingView; nextCursor: string | null }) {
  const here = hrefOf(view);
  const first = hrefOf({ ...view, cursor: undefined });
  const next = nextCursor === null ? undefined : hrefOf({ ...view, cursor: nextCursor });
  const previous = before.get(here);
  if (!view.cursor && !next) return null;
  return (
    <nav className="pages" aria-label="Pages">
      {view.cursor && <Link to={first}>First page</Link>}
      {previous && <Link to={previous}>Previous page</Link>}
      {next && (
        <Link
          to={next}
          onClickCapture={() => {
            before.set(next, here);
          }}
        >
          Next page
        </Link>
      )}
    </nav>
  );
}
