// What moves other characters about or shows as nothing would make two ids look alike: it is shown by its number. The
// joiner of emoji and of some scripts does neither, and a space does so at the ends only.
const HIDDEN = /([\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]|^\s+|\s+$)/u;
const JOINERS = /[\u200c\u{e0020}-\u{e007f}]|\u200d/u;

/** A video's id, as text: whatever is in it changes neither the page nor what stands beside it. */
export function VideoId({ id }: { id: string }) {
  return (
    <bdi className="video-id">
      {id.split(HIDDEN).map((part, index) => (index % 2 === 1 && !JOINERS.test(part) ? named(part, index) : part))}
    </bdi>
  );
}

function named(part: string, index: number) {
  const numbers = Array.from(part, (character) => `U+${codeOf(character)}`);
  return (
    <span className="hidden-character" key={index}>
      {numbers.join(' ')}
    </span>
  );
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
