/**
 * Who shares a playback session: all players of one video that are mounted at the same time.
 */
import { createPlaybackSession, type PlaybackSession } from './detector.js';

/** One player's part in a playback session. */
export interface Membership {
  readonly session: PlaybackSession;
  /** Leaves the session, which ends when its last player has left. To be called once. */
  leave: () => void;
}

/** The playback sessions of a page. */
export interface PlaybackSessions {
  /** Joins the session of this video, or begins one. */
  join(videoId: string): Membership;
}

/** Makes a page's playback sessions. `defer` runs its argument when the code that runs now is done. */
export function createPlaybackSessions(defer: (work: () => void) => void = queueMicrotask): PlaybackSessions {
  const open = new Map<string, { session: PlaybackSession; players: number }>();

  function endIfEmpty(videoId: string): void {
    if (open.get(videoId)?.players === 0) open.delete(videoId);
  }
  return {
    join(videoId) {
      const shared = open.get(videoId) ?? { session: createPlaybackSession(), players: 0 };
      open.set(videoId, shared);
      shared.players += 1;
      return {
        session: shared.session,
        leave() {
          shared.players -= 1;
          // React's StrictMode unmounts and mounts again in one go: who comes back in the same breath never left.
          defer(() => endIfEmpty(videoId));
        },
      };
    },
  };
}
