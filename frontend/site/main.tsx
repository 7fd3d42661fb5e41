import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startOutbox } from '@pulse-analytics/player';

import { App } from './app/app.js';

// What an earlier visit could not deliver is sent now, whichever page this is.
startOutbox();

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
