import { render } from '@testing-library/react';
import { expect, test } from 'vitest';

import { VideoId } from '../../app/admin/video-id.js';

function shown(id: string) {
  const { container } = render(<VideoId id={id} />);
  return container;
}

test.each(['intro', '<img src=x onerror=alert(1)>', '=1+1', 'طائرة ورقية', 'a b', '👩‍👩‍👧‍👦', 'می‌خواهم', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'])(
  '%s is shown as it is',
  (id) => {
    const container = shown(id);
    expect(container.textContent).toBe(id);
    expect(container.querySelector('bdi')?.childElementCount).toBe(0);
  },
);

test.each([
  ['abc\u202egnp', 'abcU+202Egnp'],
  ['\u2066a\u2069', 'U+2066aU+2069'],
  ['a\u200bb', 'aU+200Bb'],
  ['\ufeffa', 'U+FEFFa'],
  ['a\u2028b', 'aU+2028b'],
  [' a  ', 'U+0020aU+0020 U+0020'],
  ['\u3164', 'U+3164'],
])('what moves others about, or cannot be seen, is named', (id, text) => {
  expect(shown(id).textContent).toBe(text);
});
