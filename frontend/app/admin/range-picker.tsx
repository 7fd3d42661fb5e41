import { type SubmitEvent, useId, useState } from 'react';

import { Link, navigate } from '../navigation.js';
import { addDays, daysBetween } from './days.js';
import { NAMED_RANGES, RANGE_NAMES, type Bounds, type View, hrefOf, withRange } from './view.js';

/** The longest series that the API answers. */
const MOST_DAYS = 3660;

/** Which days are shown: those with a name, or any two. */
export function RangePicker({
  view,
  bounds,
  today,
}: {
  view: Extract<View, { range: unknown }>;
  bounds: Bounds;
  today: string;
}) {
  const custom = view.range.name === 'custom';
  const [open, setOpen] = useState(custom);
  const formId = useId();
  return (
    <div className="range">
      <nav aria-label="Range">
        {RANGE_NAMES.map((name) => (
          <Link key={name} to={hrefOf(withRange(view, { name }))} aria-current={view.range.name === name || undefined}>
            {NAMED_RANGES[name].label}
          </Link>
        ))}
      </nav>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={formId}
        data-current={custom}
        onClick={() => {
          setOpen(!open);
        }}
      >
        Custom
      </button>
      <div id={formId} className="custom-range" hidden={!open}>
        {/* Other ends make another form, which begins with them. */}
        <CustomRange key={`${bounds.since ?? ''} ${bounds.until ?? ''}`} view={view} bounds={bounds} today={today} />
      </div>
    </div>
  );
}

function CustomRange({ view, bounds, today }: { view: View; bounds: Bounds; today: string }) {
  const [from, setFrom] = useState(bounds.since ?? addDays(today, -29));
  const [to, setTo] = useState(bounds.until === undefined ? today : addDays(bounds.until, -1));
  const [fault, setFault] = useState<string>();
  const faultId = useId();
  const show = (event: SubmitEvent): void => {
    event.preventDefault();
    const found = faultOf(from, to);
    setFault(found);
    if (!found) navigate(hrefOf(withRange(view, { name: 'custom', since: from, until: addDays(to, 1) })));
  };
  const [min, max] = ['1970-01-01', '9999-12-30'];
  return (
    <form noValidate onSubmit={show}>
      <label>
        From
        <input
          type="date"
          required
          value={from}
          min={min}
          max={max}
          aria-describedby={faultId}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        To
        <input
          type="date"
          required
          value={to}
          min={min}
          max={max}
          aria-describedby={faultId}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      <button className="button" type="submit">
        Show
      </button>
      <p id={faultId} className="fault" role="alert">
        {fault}
      </p>
    </form>
  );
}

function faultOf(from: string, to: string): string | undefined {
  if (!from || !to) return 'Both days are needed.';
  if (from > to) return 'The range ends before it begins.';
  return daysBetween(from, to) < MOST_DAYS ? undefined : 'That is more than ten years.';
}
