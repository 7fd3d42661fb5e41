import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startOutbox, VideoPlayer } from '@pulse-analytics/player';

declare global {
  interface Window {
    milestones: string[];
  }
}

const asked = new URLSearchParams(location.search);
const endpoint = asked.get('endpoint') ?? '';
window.milestones = [];
startOutbox({ endpoint });

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <VideoPlayer
      data-slot="a"
      aria-label="A clip"
      videoId={asked.get('videoId') ?? ''}
      src="clip.mp4"
      endpoint={endpoint}
      onMilestone={({ videoId }) => window.milestones.push(videoId)}
      muted
      width={480}
    />
  </StrictMode>,
);
