/**
 * Decides which content of an element is the film, because an ad may be played in the same element.
 */
import { isAlike } from './detector.js';
import type { MilestoneName } from './milestone.js';

/** The content that counts. */
export interface Film {
  /** Its length. */
  seconds: number;
  /** Whether nothing that comes later can turn out to be the film instead. */
  isCertain: boolean;
  /** When each milestone was crossed, reported or not yet. */
  times?: Map<MilestoneName, number>;
  /** Whether it was played to its end before it was certain. */
  ended?: boolean;
}

/** Chooses the film of one element. */
export interface FilmChooser {
  /** The film so far. */
  readonly film: Film | undefined;
  /** The film, if that is what the element has: a content of `seconds`. `given`: the film's length, if it is known. */
  choose(seconds: number, given?: number): Film | undefined;
  /** From now on, what the element has is the film. With `forGood`, also what it loads later. */
  trust(forGood?: boolean): void;
  /** Call it when the element starts to load another source. */
  emptied: () => void;
}

/**
 * Starts to choose. `isFirst`: the source that the element has now, or gets first, is the film.
 *
 * Another source may be a rendition of the film, or something else in its place. What was not certain to be the film was an
 * ad before it if it is shorter than what follows, or ended.
 */
export function createFilmChooser(isFirst: boolean): FilmChooser {
  let film: Film | undefined;
  let isTrusted = isFirst;
  let isToldOfAds = false;
  return {
    get film() {
      return film;
    },
    choose(seconds, given) {
      if (given && film?.seconds !== given) film = { seconds: given, isCertain: true };
      const isOther = film && !isAlike(film.seconds, seconds);
      if (!film || (isOther && !film.isCertain && (isTrusted || film.ended || seconds > film.seconds)))
        film = { seconds, isCertain: isTrusted };
      else if (isOther) return undefined;
      film.isCertain ||= isTrusted;
      return film;
    },
    trust(forGood = false) {
      isTrusted = true;
      isToldOfAds ||= forGood;
    },
    emptied() {
      isTrusted = isToldOfAds;
    },
  };
}
