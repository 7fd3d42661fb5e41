import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Admin } from './app/admin/admin.js';
import { createApi } from './app/admin/api.js';
import { enabledEvents } from './app/enabled-events.js';

const root = document.getElementById('root');
if (!root) throw new Error('admin.html has no #root');
createRoot(root).render(
  <StrictMode>
    <Admin api={createApi()} enabled={enabledEvents()} />
  </StrictMode>,
);
