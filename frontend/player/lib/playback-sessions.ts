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
  /**
   * Joins the session of this video, or starts one.
   *
   * A session whose players are all gone has ended. `isGone`: whether the player that joins was removed and stands still.
   */
  join(videoId: string, isGone: () => boolean): Membership;
}

/** Creates a page's playback sessions. `defer` runs its argument after the current task, as `queueMicrotask` does. */
export function createPlaybackSessions(defer: (work: () => void) => void = queueMicrotask): PlaybackSessions {
  const open = new Map<string, { session: PlaybackSession; players: Set<() => boolean> }>();

  function endIfEmpty(videoId: string): void {
    if (open.get(videoId)?.players.size === 0) open.delete(videoId);
  }
  return {
    join(videoId, isGone) {
      const players = open.get(videoId)?.players ?? new Set();
      for (const isPlayerGone of players) if (isPlayerGone() && players.delete(isPlayerGone)) endIfEmpty(videoId);
      const shared = open.get(videoId) ?? { session: createPlaybackSession(), players: new Set() };
      open.set(videoId, shared);
      shared.players.add(isGone);
      return {
        session: shared.session,
        leave() {
          shared.players.delete(isGone);
          // React's StrictMode unmounts and remounts synchronously, so a player that returns at once never left.
          defer(() => endIfEmpty(videoId));
        },
      };
    },
  };
}
