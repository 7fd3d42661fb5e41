/** How the admin page speaks of what an event counts. */
import { capitalised, deedOf, milestoneOf } from '../event-names.js';
import { number } from './words.js';

export interface EventWords {
  /** The head of a column: "Views", "Started", "50%". */
  head: string;
  /** The name of a figure: "Views", "Started", "Watched 50%". */
  title: string;
  /** What follows a count: "views", "started", "watched 50%". */
  after: (count: number) => string;
  /** "No views", "Nobody watched 50%" */
  none: string;
}

const VIEWS: EventWords = {
  head: 'Views',
  title: 'Views',
  after: (count) => (count === 1 ? 'view' : 'views'),
  none: 'No views',
};

/** The words for an event, if these are enabled; where only the half is, for views. */
export function wordsOf(event: string, enabled: readonly string[]): EventWords {
  if (enabled.length === 0) return VIEWS;
  const deed = deedOf(event);
  return {
    head: milestoneOf(event),
    title: capitalised(deed),
    after: () => deed,
    none: `Nobody ${deed}`,
  };
}

/** "1,204 views"; "1,204 watched 50%" */
export function countedAs(count: number, words: EventWords): string {
  return `${number(count)} ${words.after(count)}`;
}
