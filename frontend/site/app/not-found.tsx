import { Link } from './navigation.js';
import { useTitle } from './page-effects.js';

/** The page for an unknown address. */
export function NotFoundPage() {
  useTitle('Not found');
  return (
    <div className="not-found">
      <h1 tabIndex={-1}>There is no such film</h1>
      <p>The address may be misspelt, or the film was taken away.</p>
      <p>
        <Link className="button" to="/">
          All films
        </Link>
      </p>
    </div>
  );
}
