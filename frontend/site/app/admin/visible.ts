// Different ids must look different: characters that reorder others, are invisible or look like a space are shown by
// number. So are five or more combining marks on one letter, which would overflow the line.
const SPACES = String.raw`\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000`;
const UNSEEN = String.raw`[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Zl}\p{Zp}${SPACES}]+|^\s+|\s+$|\p{M}{5,}`;
const PARTS = patternOfParts();

const LATIN = /\p{Script=Latin}/u;
const LIKE_LATIN = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/gu;

export interface Part {
  text: string;
  /** Whether `text` is the name of invisible characters. */
  named: boolean;
}

/** The parts of an id in order: those shown unchanged, and those shown by name. */
export function partsOf(id: string): Part[] {
  // For each match: the text before it, an emoji, invisible characters; the last two may be undefined.
  return id
    .split(PARTS)
    .map((text: string | undefined, index) => ({ text: text ?? '', named: index % 3 === 2 }))
    .filter(({ text }) => text !== '')
    .map(({ text, named }) => ({ text: named ? numbersOf(text) : text, named }));
}

/** An id as one line of text without reordering, for the title of a tab. */
export function visible(id: string): string {
  return partsOf(id)
    .map(({ text }) => text)
    .join('');
}

/** The letters of other alphabets among Latin ones, with their numbers, or undefined if there are none. */
export function foreignLetters(id: string): string | undefined {
  const letters = LATIN.test(id) ? id.match(LIKE_LATIN) : null;
  return letters?.map((letter) => `${letter} ${numbersOf(letter)}`).join(', ');
}

/** An emoji keeps its joiners and selectors only in its one full spelling, because other spellings look the same. */
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
