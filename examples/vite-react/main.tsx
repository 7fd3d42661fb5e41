import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { startOutbox, VideoPlayer } from '@pulse-analytics/player';

const endpoint = 'http://127.0.0.1:8000/analytics';

function Page() {
  const [watched, setWatched] = useState(false);
  return (
    <>
      <VideoPlayer
        videoId="intro"
        src="film.mp4"
        endpoint={endpoint}
        aria-label="A short film"
        onMilestone={() => setWatched(true)}
        muted
        width={640}
      />
      <p role="status">{watched && 'Watched past the half'}</p>
    </>
  );
}

startOutbox({ endpoint }); // Sends the reports that an earlier visit could not deliver.

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
