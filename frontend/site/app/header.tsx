import type { ReactNode } from 'react';

import { Link } from './navigation.js';

/** The header of every page: a skip link, the name as a link to the home page, and `children`. */
export function Header({ name, home, children }: { name: string; home: string; children?: ReactNode }) {
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="site-header">
        <Link className="wordmark" to={home}>
          <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="16" cy="16" r="13" />
            <path d="M16 3a13 13 0 0 1 0 26z" />
          </svg>
          {name}
        </Link>
        {children}
      </header>
    </>
  );
}
