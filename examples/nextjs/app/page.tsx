import { VideoPlayer } from '@pulse-analytics/player';
import { endpoint } from '../endpoint';

export default function Page() {
  return (
    <VideoPlayer videoId="intro" src="/film.mp4" endpoint={endpoint} aria-label="A short film" muted width={640} />
  );
}
