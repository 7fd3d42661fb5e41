import { useState } from 'react';
import { type Milestone, VideoPlayer } from '@pulse-analytics/player';

import { type Video, findVideo, videos } from '../../catalogue.js';
import { milestoneOf } from '../../event-names.js';
import { milestones } from '../../milestones.js';
import { Link } from '../../navigation.js';
import { NotFoundPage } from '../../not-found.js';
import { useReducedMotion, useTitle } from '../../page-effects.js';
import { watchPath } from '../../routes.js';

/** One video, and links to the others. */
export function WatchPage({ videoId }: { videoId: string }) {
  const video = findVideo(videoId);
  return video ? <Watch videoId={videoId} video={video} /> : <NotFoundPage />;
}

function Watch({ videoId, video }: { videoId: string; video: Video }) {
  useTitle(video.title);
  const reducedMotion = useReducedMotion();
  const [passed, setPassed] = useState<readonly Milestone[]>([]);
  return (
    <div className="watch">
      <div className="watch-main">
        <VideoPlayer
          className="stage"
          videoId={videoId}
          src={video.src}
          poster={video.poster}
          aria-label={video.title}
          autoPlay={!reducedMotion}
          milestones={milestones}
          onMilestone={(milestone) => {
            setPassed((before) => [...before, milestone]);
          }}
        />
        <h1 tabIndex={-1}>{video.title}</h1>
        <p className="lead">{video.summary}</p>
        <p className="meta">
          <span>{video.seconds} seconds, no sound</span>
          <Progress passed={passed.filter((milestone) => milestone.videoId === videoId)} />
        </p>
      </div>
      <MoreVideos besides={videoId} />
    </div>
  );
}

/** Which milestones were passed; where only the half is reported, whether it was. */
function Progress({ passed }: { passed: readonly Milestone[] }) {
  const names = [...new Set(passed.map(({ event }) => milestoneOf(event)))].join(', ');
  const half = passed.length > 0 ? 'Past the half: it counts as watched' : 'Not yet past the half';
  return (
    <span className="progress" role="status" data-passed={passed.length > 0}>
      {milestones ? `Reported: ${names || 'nothing yet'}` : half}
    </span>
  );
}

function MoreVideos({ besides }: { besides: string }) {
  return (
    <aside className="more" aria-labelledby="more">
      <h2 id="more">More films</h2>
      <ul>
        {videos
          .filter((video) => video.videoId !== besides)
          .map((video) => (
            <li className="more-item" key={video.videoId}>
              <img src={video.poster} alt="" width="640" height="360" loading="lazy" />
              <div>
                <h3>
                  <Link to={watchPath(video.videoId)}>{video.title}</Link>
                </h3>
                <p>{video.seconds} s</p>
              </div>
            </li>
          ))}
      </ul>
    </aside>
  );
}
