import { useId, useState } from 'react';

import { milestoneOf } from '../../event-names.js';
import { navigate } from '../../navigation.js';
import { COMPLETION, choicesOf, toggled } from '../columns.js';
import { type View, hrefOf } from '../view.js';

export interface ColumnPickerProps {
  view: Extract<View, { page: 'ranking' }>;
  enabled: readonly string[];
  /** The columns that are shown now. That of `ranked` is always. */
  shown: readonly string[];
  ranked: string;
}

/** Chooses the columns of counts in the ranking. */
export function ColumnPicker({ view, enabled, shown, ranked }: ColumnPickerProps) {
  const [open, setOpen] = useState(false);
  const listId = useId();
  return (
    <>
      <button
        className="button columns-button"
        type="button"
        aria-expanded={open}
        aria-controls={listId}
        onClick={() => {
          setOpen(!open);
        }}
      >
        Columns
      </button>
      <fieldset id={listId} className="columns" hidden={!open}>
        <legend className="visually-hidden">Columns of the ranking</legend>
        {choicesOf(enabled).map((column) => (
          <label key={column}>
            <input
              type="checkbox"
              checked={shown.includes(column)}
              disabled={column === ranked}
              onChange={() => {
                navigate(hrefOf({ ...view, columns: toggled(shown, column, enabled) }), { replace: true });
              }}
            />
            {column === COMPLETION ? 'Completion' : milestoneOf(column)}
          </label>
        ))}
      </fieldset>
    </>
  );
}
