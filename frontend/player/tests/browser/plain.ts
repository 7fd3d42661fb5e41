import { startOutbox, trackVideo, type TrackHandle, type TrackOptions } from '../../index';
import { readStage, type Player, type Scene } from './stage';

declare global {
  interface Window {
    /** Tracks an element that a test made. */
    track: (element: HTMLVideoElement, options: TrackOptions) => TrackHandle;
    loadHls: () => Promise<(typeof import('hls.js'))['default']>;
  }
}

const { endpoint, scenes } = readStage();
const shown = new Map<string, { element: HTMLVideoElement; stop: () => void }>();
let number = 0;

function show(scene: Scene): void {
  for (const { element, stop } of shown.values()) {
    stop();
    if (!scene.some(({ slot }) => slot === element.dataset['slot'])) element.remove();
  }
  const elements = new Map([...shown].map(([slot, { element }]) => [slot, element]));
  shown.clear();
  for (const player of scene) {
    const element = elements.get(player.slot) ?? document.body.appendChild(makeVideo(player));
    shown.set(player.slot, { element, stop: track(element, player) });
  }
}

function makeVideo({ slot, src, autoPlay = false, loop = false, muted = true }: Player): HTMLVideoElement {
  const element = document.createElement('video');
  element.dataset['slot'] = slot;
  Object.assign(element, { controls: true, playsInline: true, width: 480, autoplay: autoPlay, loop, muted, src });
  return element;
}

function track(element: HTMLVideoElement, player: Player): () => void {
  const { videoId, userId, milestones, measure, duration, respectPrivacySignals, storage } = player;
  return trackVideo(element, {
    endpoint,
    videoId,
    duration,
    milestones,
    respectPrivacySignals,
    storage,
    ...(userId === undefined ? {} : { userId }),
    ...(measure === undefined ? {} : { measure }),
    onMilestone: () => window.milestones.push(videoId),
  });
}

window.track = (element, options) =>
  trackVideo(element, { endpoint, onMilestone: ({ videoId }) => window.milestones.push(videoId), ...options });
window.loadHls = async () => (await import('hls.js')).default;
const [{ respectPrivacySignals, storage } = {}] = scenes[0] ?? [];
startOutbox({ endpoint, respectPrivacySignals, storage });
document.querySelector('button')?.addEventListener('click', () => show(scenes[++number] ?? []));
show(scenes[0] ?? []);
