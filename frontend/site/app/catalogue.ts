/** The videos of the demo site. A real site would fetch them from its server. */

/** A video of the catalogue. */
export interface Video {
  videoId: string;
  title: string;
  summary: string;
  seconds: number;
  src: string;
  poster: string;
}

/** The catalogue, in the order of the feed. */
export const videos: readonly Video[] = [
  sample('tides', 'Tides', 20, 'The moon goes over, and five rows of waves make room for it.'),
  sample('night-train', 'Night train', 22, 'Someone in the third carriage has not slept. Outside, the hills go by.'),
  sample('pendulums', 'Five pendulums', 16, 'They start together, fall out of step, and find each other again.'),
  sample('orbits', 'Small orbits', 24, 'Six turns for the innermost planet while the outermost makes its one.'),
  sample('lanterns', 'Lanterns', 18, 'Paper and a little warm air; the larger ones are in a hurry.'),
  sample('one-turn', 'One turn', 20, 'A hand goes round a dial once. At the bottom, half the film is over.'),
];

/** The video with this id, or undefined. */
export function findVideo(videoId: string): Video | undefined {
  return videos.find((video) => video.videoId === videoId);
}

function sample(videoId: string, title: string, seconds: number, summary: string): Video {
  return { videoId, title, summary, seconds, src: `/videos/${videoId}.mp4`, poster: `/videos/${videoId}.jpg` };
}
