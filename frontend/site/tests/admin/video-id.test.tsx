import { render } from '@testing-library/react';
import { expect, test } from 'vitest';

import { VideoId } from '../../app/admin/video-id.js';
import { visible } from '../../app/admin/visible.js';

function shown(id: string) {
  const { container } = render(<VideoId id={id} />);
  return container;
}

test.each([
  'intro',
  '<img src=x onerror=alert(1)>',
  '=1+1',
  'طائرة ورقية',
  'a b',
  '👩‍👩‍👧‍👦 🏳️‍🌈 ❤️',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣ 👍🏽',
  'Tiếng Việt',
  'שָׁלוֹם',
  'ภาษาที่',
])('%s is shown as it is', (id) => {
  const container = shown(id);
  expect(container.textContent).toBe(id);
  expect(container.querySelector('bdi')?.childElementCount).toBe(0);
});

test.each([
  ['abc\u202egnp', 'abcU+202Egnp'],
  ['\u2066a\u2069', 'U+2066aU+2069'],
  ['a\u200bb', 'aU+200Bb'],
  ['\ufeffa', 'U+FEFFa'],
  ['a\u2028b', 'aU+2028b'],
  [' a  ', 'U+0020aU+0020 U+0020'],
  ['\u3164', 'U+3164'],
  ['in\u200ctro', 'inU+200Ctro'],
  ['in\u200dtro', 'inU+200Dtro'],
  ['intro\ufe0f', 'introU+FE0F'],
  ['in\u{e0061}tro', 'inU+E0061tro'],
  ['in\u{e01ef}tro', 'inU+E01EFtro'],
  ['in\u180b\u2064tro', 'inU+180B U+2064tro'],
  ['a\u00a0b\u2009c\u2800d', 'aU+00A0bU+2009cU+2800d'],
  ['😀\ufe0f', '😀U+FE0F'],
  ['😀\u200d😀', '😀U+200D😀'],
  ['🏳\u200d🌈', '🏳U+200D🌈'],
  [`e${'\u0301'.repeat(5)}`, `e${Array(5).fill('U+0301').join(' ')}`],
])('what moves others about, or cannot be seen, is named', (id, text) => {
  expect(shown(id).textContent).toBe(text);
});

const DEFAULT_IGNORABLE = /\p{Default_Ignorable_Code_Point}/u;
const LAST_CODE_POINT = 0x10ffff;

test('every invisible character makes an id look different', () => {
  const unseen: string[] = [];
  for (let code = 0; code <= LAST_CODE_POINT; code += 1) {
    const character = String.fromCodePoint(code);
    if (DEFAULT_IGNORABLE.test(character)) unseen.push(character);
  }
  expect(unseen.length).toBeGreaterThan(4000);
  expect(new Set(unseen.map((character) => visible(`in${character}tro`))).size).toBe(unseen.length);
  expect(unseen.filter((character) => visible(`in${character}tro`).includes(character))).toEqual([]);
});

test('letters of another alphabet among Latin ones are marked and listed', () => {
  const bdi = shown('\u0456ntro').querySelector('bdi');
  expect(bdi?.title).toBe('Not Latin: \u0456 U+0456');
  expect(bdi?.className).toContain('mixed-letters');
  expect(shown('\u0432\u0438\u0434\u0435\u043e').querySelector('bdi')?.hasAttribute('title')).toBe(false);
  expect(shown('intro').querySelector('bdi')?.hasAttribute('title')).toBe(false);
});
