import { Link } from '../../navigation.js';
import { type View, hrefOf } from '../view.js';

/** Says that only videos with a tag are ranked, and leads back to all. */
export function TagFilter({ view }: { view: Extract<View, { page: 'ranking' }> }) {
  if (view.tag === undefined) return null;
  return (
    <p className="tag-filter">
      Only videos tagged <b className="tag">{view.tag}</b>
      <Link to={hrefOf({ ...view, tag: undefined, cursor: undefined })}>All videos</Link>
    </p>
  );
}
