/**
 * Playback sessions: all players of one video that are mounted at the same time share one.
 */
import { createPlaybackSession, type PlaybackSession } from './detector.js';

/** One player's membership in a playback session. */
export interface Membership {
  readonly session: PlaybackSession;
  /** Leaves the session, which ends when its last player has left. Call it once. */
  leave: () => void;
}

/** The playback sessions of a page. */
export interface PlaybackSessions {
  /** Joins the session of this video, or starts one. */
  join(videoId: string): Membership;
}

/** Creates a page's playback sessions. `defer` runs its argument after the current task, as `queueMicrotask` does. */
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
          // React's StrictMode unmounts and remounts synchronously, so a player that returns at once never left.
          defer(() => endIfEmpty(videoId));
        },
      };
    },
  };
}
