import type { Top } from '../api.js';
import type { EventWords } from '../event-words.js';
import { HowToEnable } from '../how-to-enable.js';
import type { Bounds, View } from '../view.js';

export interface NothingProps {
  top: Top;
  view: Extract<View, { page: 'ranking' }>;
  bounds: Bounds;
  words: EventWords;
  /** Whether videos have titles. */
  titled: boolean;
}

/** Why the ranking is empty. */
export function Nothing({ top, view, bounds, words, titled }: NothingProps) {
  if (view.search && top.total > 0) {
    return (
      <p className="empty">
        {titled ? 'No title has the words, and no id the beginning, ' : 'No video begins with '}“
        <bdi>{view.search}</bdi>
        ”, among those with {words.after(0)} in this range. Upper and lower case differ{titled && ' in ids'}.
      </p>
    );
  }
  if (view.tag !== undefined) return <p className="empty">{words.none} with this tag in this range.</p>;
  if (view.cursor) return <p className="empty">The ranking ends before this page.</p>;
  if (bounds.since !== undefined) return <p className="empty">{words.none} in this range.</p>;
  return (
    <div className="empty">
      <p>Nobody has watched anything yet. The first view will appear here.</p>
      <p>
        <HowToEnable />
      </p>
    </div>
  );
}
