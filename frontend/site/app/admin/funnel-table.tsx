import { Link } from '../navigation.js';
import { milestoneOf } from '../event-names.js';
import type { Funnel } from './api.js';
import { type Comparison, type FunnelRow, estimateOf, rowsOf, unknownRows } from './funnel.js';
import { HowToEnable } from './how-to-enable.js';
import { type View, hrefOf, withShown } from './view.js';

export interface FunnelTableProps {
  /** Undefined while it is not known. */
  funnel: Funnel | undefined;
  enabled: readonly string[];
  view: View;
  /** The event that the page shows. */
  event: string | undefined;
  comparison?: Comparison;
}

/** How far viewers get: a bar and its numbers for each milestone, whose name chooses what the page shows. */
export function FunnelTable({ funnel, enabled, view, event, comparison }: FunnelTableProps) {
  const rows = funnel ? rowsOf(funnel, comparison) : unknownRows(enabled);
  return (
    <>
      <h2>How far people watch</h2>
      <p className="estimate">{funnel && (estimateOf(funnel) ?? 'No average can be estimated for this range')}</p>
      <table className={comparison ? 'funnel compared' : 'funnel'} aria-label="Funnel">
        <thead>
          <tr>
            <th scope="col">Milestone</th>
            <td className="bar" />
            <th scope="col">Count</th>
            {comparison?.beforeName && <th scope="col">{comparison.beforeName}</th>}
            <th scope="col">Reached</th>
            {comparison && (
              <th className="median" scope="col">
                Median
              </th>
            )}
            <th scope="col">Lost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.event}>
              <th scope="row">
                <Link
                  to={hrefOf(withShown(view, { event: row.event }))}
                  aria-current={row.event === event || undefined}
                >
                  {milestoneOf(row.event)}
                </Link>
              </th>
              <td className="bar">{row.reason === undefined && <Bar row={row} />}</td>
              <td>{row.count}</td>
              {comparison?.beforeName && <td>{row.change}</td>}
              <td>{row.share}</td>
              {comparison && <td>{row.medianShare}</td>}
              <td>{row.lost}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.map(
        ({ event, reason }) =>
          reason !== undefined && (
            <p key={event} className="hint">
              {milestoneOf(event)}: {reason}.
            </p>
          ),
      )}
      {funnel?.milestones.every(({ count }) => count === 0) && (
        <p className="hint">
          Nothing in this range. <HowToEnable />
        </p>
      )}
    </>
  );
}

/** The share as a bar, and a mark at the median. Their numbers stand beside it. */
function Bar({ row: { part, medianPart } }: { row: FunnelRow }) {
  return (
    <span className="part" aria-hidden="true">
      <i style={{ width: `${(part ?? 0) * 100}%` }} />
      {medianPart !== undefined && <b style={{ insetInlineStart: `${medianPart * 100}%` }} />}
    </span>
  );
}
