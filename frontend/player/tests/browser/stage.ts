import type { TrackOptions } from '../../index';

/** What a harness page shows. Its address has this as JSON in `?stage=`. */
export interface Stage {
  /** Empty: the page starts the outbox without one. */
  endpoint: string;
  /** The first scene, then one for each press of Next; after the last scene the page is empty. */
  scenes: readonly Scene[];
  strict: boolean;
  /** If not empty, the page notifies the site under this name when it is hidden or shown, and when a video plays. */
  name: string;
}

export type Scene = readonly Player[];

/** A player; the same slot in two scenes is the same player. */
export interface Player {
  slot: string;
  videoId: string;
  src: string;
  userId?: string;
  milestones?: TrackOptions['milestones'];
  measure?: 'reached' | 'watched';
  duration?: number;
  respectPrivacySignals?: boolean;
  storage?: 'local' | 'none';
  autoPlay?: boolean;
  loop?: boolean;
  muted?: boolean;
}

declare global {
  interface Window {
    /** The videoId of each milestone of which the page was notified. */
    milestones: string[];
    /** The code and message of each error of which the page was notified. */
    playbackErrors: string[];
    /** For each time that the page was shown, whether it came from the back/forward cache. */
    shown: boolean[];
  }
}

export function readStage(): Stage {
  window.milestones = [];
  window.playbackErrors = [];
  window.shown = [];
  addEventListener('pageshow', (event) => window.shown.push(event.persisted));
  const stage = JSON.parse(new URLSearchParams(location.search).get('stage') ?? '{}') as Stage;
  if (stage.name) tellTheSite(stage.name);
  return stage;
}

function tellTheSite(name: string): void {
  const tell = (what: string): void => {
    void fetch(`/note/${name}-${what}`, { keepalive: true });
  };
  document.addEventListener('visibilitychange', () => tell(document.visibilityState));
  document.addEventListener('playing', () => tell('plays'), { capture: true });
}
