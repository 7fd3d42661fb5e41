import { useEffect, useState } from 'react';

import { navigate } from '../../navigation.js';
import { type View, hrefOf } from '../view.js';

/** The debounce delay: longer than the pause between two keys. */
const PAUSE_MS = 250;

export interface SearchProps {
  view: Extract<View, { page: 'ranking' }>;
  /** Whether videos have titles. */
  titled: boolean;
}

/** The search: the typed text becomes part of the address, debounced. */
export function Search({ view, titled }: SearchProps) {
  const [typed, setTyped] = useState(view.search);
  const [shown, setShown] = useState(view.search);
  if (shown !== view.search) {
    // The address changed, by this search or by the back button.
    setShown(view.search);
    setTyped(view.search);
  }
  useEffect(() => {
    if (typed === view.search) return;
    const timer = setTimeout(() => {
      navigate(hrefOf({ ...view, search: typed, cursor: undefined }), { replace: true });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [typed, view]);
  return (
    <label className="search">
      <span className="label">
        {titled ? 'Find videos by title words or the start of their id' : 'Find videos by the start of their id'}
      </span>
      <input
        type="search"
        value={typed}
        maxLength={128}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
      />
    </label>
  );
}
