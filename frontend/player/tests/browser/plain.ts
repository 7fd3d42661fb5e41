import { startOutbox, trackVideo } from '../../index';
import { readStage, type Player, type Scene } from './stage';

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

function track(element: HTMLVideoElement, { videoId, userId, measure }: Player): () => void {
  return trackVideo(element, {
    endpoint,
    videoId,
    ...(userId === undefined ? {} : { userId }),
    ...(measure === undefined ? {} : { measure }),
    onMilestone: () => window.milestones.push(videoId),
  });
}

startOutbox(endpoint ? { endpoint } : {});
document.querySelector('button')?.addEventListener('click', () => show(scenes[++number] ?? []));
show(scenes[0] ?? []);
