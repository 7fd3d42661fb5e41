import { useState } from 'react';

import { videos } from '../catalogue.js';
import { useReducedMotion, useTitle } from '../page-effects.js';
import { VideoFeedCard } from './video-feed-card.js';

/** The feed: all videos, each with a preview that plays while it is on the screen. */
export function FeedPage() {
  useTitle();
  const reducedMotion = useReducedMotion();
  const [chosen, setChosen] = useState<boolean>();
  const previews = chosen ?? !reducedMotion;
  return (
    <>
      <div className="feed-head">
        <div>
          <h1 tabIndex={-1}>Short films that end as they begin</h1>
          <p className="lead">
            Six loops of about twenty seconds, without sound. Watch one past its half, and it counts.
          </p>
        </div>
        <button
          className="button"
          type="button"
          onClick={() => {
            setChosen(!previews);
          }}
        >
          {previews ? 'Pause previews' : 'Play previews'}
        </button>
      </div>
      <ul className="feed">
        {videos.map((video) => (
          <li key={video.videoId}>
            <VideoFeedCard video={video} playsPreview={previews} />
          </li>
        ))}
      </ul>
    </>
  );
}
