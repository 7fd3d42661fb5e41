import { useEffect, useRef } from 'react';
import { VideoPlayer } from '@pulse-analytics/player';

import type { Video } from '../catalogue.js';
import { milestones } from '../milestones.js';
import { Link } from '../navigation.js';
import { useOnScreen } from '../page-effects.js';
import { watchPath } from '../routes.js';

export interface VideoFeedCardProps {
  video: Video;
  /** Whether the preview plays while it is on the screen. */
  playsPreview: boolean;
}

/** A video in the feed: a muted preview that loops inline, and a link to its page. */
export function VideoFeedCard({ video, playsPreview }: VideoFeedCardProps) {
  const preview = useRef<HTMLDivElement>(null);
  const playing = useOnScreen(preview) && playsPreview;
  useEffect(() => {
    const element = preview.current?.querySelector('video');
    // A browser that saves power or data may refuse to play; then the poster stays.
    if (playing) element?.play().catch(() => undefined);
    else element?.pause();
  }, [playing]);
  return (
    <article className="card">
      <div className="card-preview" ref={preview}>
        <VideoPlayer
          videoId={video.videoId}
          src={video.src}
          poster={video.poster}
          aria-label={`Preview of ${video.title}`}
          milestones={milestones}
          muted
          loop
          controls={false}
          preload="none"
        />
      </div>
      <h2>
        <Link to={watchPath(video.videoId)}>{video.title}</Link>
      </h2>
      <p>
        {video.seconds} s · {video.summary}
      </p>
    </article>
  );
}
