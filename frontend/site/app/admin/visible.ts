// Two ids that look alike must not be: what moves other characters about, shows as nothing or looks like a space is
// written as its number, and so is a heap of five and more marks on one letter, which would leave its line.
const SPACES = String.raw`\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000`;
const UNSEEN = String.raw`[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Zl}\p{Zp}${SPACES}]+|^\s+|\s+$|\p{M}{5,}`;
const PARTS = patternOfParts();

const LATIN = /\p{Script=Latin}/u;
const LIKE_LATIN = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/gu;

export interface Part {
  text: string;
  /** Whether `text` stands for characters that cannot be seen. */
  named: boolean;
}

/** The parts of an id that are shown as they are, and those that are named, in order. */
export function partsOf(id: string): Part[] {
  // Of each match: what stood before it, an emoji, what cannot be seen; the last two may be undefined.
  return id
    .split(PARTS)
    .map((text: string | undefined, index) => ({ text: text ?? '', named: index % 3 === 2 }))
    .filter(({ text }) => text !== '')
    .map(({ text, named }) => ({ text: named ? numbersOf(text) : text, named }));
}

/** An id as one line of text that reorders nothing, for the title of a tab. */
export function visible(id: string): string {
  return partsOf(id)
    .map(({ text }) => text)
    .join('');
}

/** The letters of another alphabet among Latin ones, by their numbers; undefined if there are none. */
export function foreignLetters(id: string): string | undefined {
  const letters = LATIN.test(id) ? id.match(LIKE_LATIN) : null;
  return letters?.map((letter) => `${letter} ${numbersOf(letter)}`).join(', ');
}

/** The joiners and selectors of an emoji belong to it, but only in its one full spelling: others look the same. */
function patternOfParts(): RegExp {
  try {
    return new RegExp(String.raw`(\p{RGI_Emoji})|(${UNSEEN})`, 'v');
  } catch {
    return new RegExp(`([])|(${UNSEEN})`, 'u'); // A browser of before 2023 names them in emoji as well.
  }
}

function numbersOf(text: string): string {
  return Array.from(text, (character) => `U+${codeOf(character)}`).join(' ');
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
