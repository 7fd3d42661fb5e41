import { deedOf } from '../event-names.js';
import { MOST_WATCHED } from './medians.js';
import { number } from './words.js';

export interface NoteProps {
  enabled: readonly string[];
  /** Whether the page compares with the range before, rather than ranking. */
  compared?: boolean;
}

/** What the numbers of the page mean. */
export function Note({ enabled, compared = false }: NoteProps) {
  const words = [
    enabled.length === 0
      ? 'A view is a video that played past its half, once per viewer in 24 hours.'
      : 'A milestone counts when a video has played past it, once per viewer in 24 hours.',
    ...(enabled.length > 1 ? sharesOf(deedOf(enabled[0] ?? ''), deedOf(enabled.at(-1) ?? ''), compared) : []),
    `The chart’s days are UTC; the last one is not over${compared ? ', and is compared as it is' : ''}.`,
  ];
  return <p className="footnote">{words.join(' ')}</p>;
}

function sharesOf(first: string, last: string, compared: boolean): string[] {
  return [
    `Reached: of those who ${first}.`,
    'Lost: of those who reached the milestone before.',
    compared
      ? `Median: of the ${number(MOST_WATCHED)} most watched videos in this range, or of all if there are fewer.`
      : `Completion: of those who ${first}, how many ${last}.`,
  ];
}
