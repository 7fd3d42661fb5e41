import type { VideoReport } from '../../api.js';
import type { EventWords } from '../../event-words.js';
import { UNKNOWN } from '../../funnel.js';
import { day, number } from '../../words.js';

/** A video's numbers of one event. */
export function Figures({ report, words }: { report: VideoReport; words: EventWords }) {
  const figures = {
    [`${words.title} in this range`]: number(report.counts[report.event] ?? 0),
    [`${words.title} of all time`]: number(report.total),
    Rank: rankOf(report),
    'First seen': report.firstDay === null ? UNKNOWN : day(report.firstDay),
    'Last seen': report.lastDay === null ? UNKNOWN : day(report.lastDay),
  };
  return (
    <dl className="figures">
      {Object.entries(figures).map(([term, figure]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  );
}

function rankOf({ rank, total }: VideoReport): string {
  if (rank !== null) return number(rank);
  return total === 0 ? UNKNOWN : 'below 10,000';
}
