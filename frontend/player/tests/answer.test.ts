import { expect, test } from 'vitest';
import { answerOf } from '../lib/answer.js';

const NOW = 1_700_000_000_000;

test.each([
  [202, {}, { kind: 'done' }],
  [200, {}, { kind: 'done' }],
  [400, { 'Retry-After': '5' }, { kind: 'refused' }],
  [408, {}, { kind: 'later' }],
  [429, { 'Retry-After': '5' }, { kind: 'later', waitMs: 5_000 }],
  [503, { 'Retry-After': '0' }, { kind: 'later', waitMs: 0 }],
  [503, { 'Retry-After': new Date(NOW + 3_000).toUTCString() }, { kind: 'later', waitMs: 3_000 }],
  [503, { 'Retry-After': new Date(NOW - 3_000).toUTCString() }, { kind: 'later', waitMs: 0 }],
  [503, { 'Retry-After': 'soon' }, { kind: 'later' }],
  [304, {}, { kind: 'later' }],
])('%i %o is answered with %o', (status, headers: Record<string, string>, answer) => {
  expect(answerOf({ status, headers: new Headers(headers) }, NOW)).toEqual(answer);
});

test('without an answer the outcome is later', () => {
  expect(answerOf(undefined, NOW)).toEqual({ kind: 'later' });
});
