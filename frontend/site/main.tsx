import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startOutbox } from '@pulse-analytics/player';

import { App } from './app/app.js';

// Send the reports that an earlier visit could not deliver, on every page.
startOutbox();

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
