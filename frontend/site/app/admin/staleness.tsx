import type { Problem } from './api.js';
import { reasonOf } from './remote.js';
import { useMinutesSince } from './use-clock.js';
import { counted, time } from './words.js';

/** Says that the data is of the time `at` (ms since 1970), how old it is, and why there is nothing newer. */
export function Staleness({ at, problem }: { at: number; problem: Problem }) {
  const minutes = useMinutesSince(at);
  const age = minutes === 0 ? 'less than a minute' : counted(minutes, 'minute');
  return (
    <p className="stale" role="status">
      These numbers are {age} old ({time(at)}): {reasonOf(problem)}. Asking again every few seconds.
    </p>
  );
}

/** Says that there is no data, and why. */
export function Failure({ problem }: { problem: Problem }) {
  return (
    <div className="empty" role="alert">
      <p>
        <strong>There are no numbers to show:</strong> {reasonOf(problem)}.
      </p>
      <p>Asking again every few seconds. Nothing that players report meanwhile is lost.</p>
    </div>
  );
}
