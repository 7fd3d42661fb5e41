/**
 * Knows which live playlists keep their whole show. Only VideoPlayer reads playlists: an element does not tell.
 */
import { wholeShows } from './content.js';
import type { LoadHls } from './hls.js';

/** Loads an hls.js that notes whether the playlist that `element` plays has kept everything. */
export function noteWholeShow(element: HTMLVideoElement): LoadHls {
  return async () => {
    const { default: Hls } = await import('hls.js');
    class NotingHls extends Hls {
      constructor(config: ConstructorParameters<typeof Hls>[0]) {
        super(config);
        this.on(Hls.Events.LEVEL_LOADED, (_event, { details: { type, startSN } }) => {
          if (type === 'EVENT' || startSN === 0) wholeShows.add(element);
          else wholeShows.delete(element);
        });
      }
    }
    return { default: NotingHls };
  };
}
