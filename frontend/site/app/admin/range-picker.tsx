import { type SubmitEvent, useId, useState } from 'react';

import { Link, navigate } from '../navigation.js';
import { addDays, daysBetween } from './days.js';
import { NAMED_RANGES, RANGE_NAMES, type Bounds, type View, hrefOf, withShown } from './view.js';

/** The longest series that the API answers. */
const MOST_DAYS = 3660;

/** Chooses the days to show: a named range, or a custom one. */
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
          <Link
            key={name}
            to={hrefOf(withShown(view, { range: { name } }))}
            aria-current={view.range.name === name || undefined}
          >
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
        {/* The key resets the form when the range changes. */}
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
    if (found) return;
    navigate(hrefOf(withShown(view, { range: { name: 'custom', since: from, until: addDays(to, 1) } })));
  };
  return (
    <form noValidate onSubmit={show}>
      <DayField label="From" day={from} onChange={setFrom} faultId={faultId} />
      <DayField label="To" day={to} onChange={setTo} faultId={faultId} />
      <button className="button" type="submit">
        Show
      </button>
      <p id={faultId} className="fault" role="alert">
        {fault}
      </p>
    </form>
  );
}

interface DayFieldProps {
  label: string;
  day: string;
  onChange: (day: string) => void;
  faultId: string;
}

function DayField({ label, day, onChange, faultId }: DayFieldProps) {
  return (
    <label>
      {label}
      <input
        type="date"
        required
        value={day}
        min="1970-01-01"
        max="9999-12-30"
        aria-describedby={faultId}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function faultOf(from: string, to: string): string | undefined {
  if (!from || !to) return 'Both days are needed.';
  if (from > to) return 'The range ends before it begins.';
  return daysBetween(from, to) < MOST_DAYS ? undefined : 'That is more than ten years.';
}
