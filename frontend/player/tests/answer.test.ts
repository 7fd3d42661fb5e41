import { expect, test } from 'vitest';
import { answerOf } from '../lib/answer.js';

const NOW = 1_700_000_000_000;

function answer(status: number, headers: Record<string, string> = {}, body: unknown = null): object {
  return answerOf({ status, headers: new Headers(headers), body, accepted: false }, NOW);
}

test('an accepted report is done', () => {
  const reply = { status: 202, headers: new Headers(), body: {}, accepted: true };
  expect(answerOf(reply, NOW)).toEqual({ kind: 'done' });
});

test.each([
  [408, {}, { kind: 'later' }],
  [429, { 'Retry-After': '5' }, { kind: 'later', waitMs: 5_000 }],
  [500, {}, { kind: 'later' }],
  [503, { 'Retry-After': '0' }, { kind: 'later', waitMs: 0 }],
  [503, { 'Retry-After': new Date(NOW + 3_000).toUTCString() }, { kind: 'later', waitMs: 3_000 }],
  [503, { 'Retry-After': new Date(NOW - 3_000).toUTCString() }, { kind: 'later', waitMs: 0 }],
  [503, { 'Retry-After': 'soon' }, { kind: 'later' }],
])('%i %o is answered with %o', (status, headers: Record<string, string>, expected) => {
  expect(answer(status, headers)).toEqual(expected);
});

test('without an answer the outcome is later', () => {
  expect(answerOf(undefined, NOW)).toEqual({ kind: 'later' });
});

test.each([
  [
    { detail: 'Not accepted: ts.', errors: [{ field: 'ts', detail: 'Missing.' }] },
    '400 [{"field":"ts","detail":"Missing."}]',
  ],
  [{ detail: 'Too large.' }, '400 "Too large."'],
  [{ errors: [null], detail: '' }, '400 [null]'],
])('a refusal with the body %o has the reason %s', (body, reason) => {
  expect(answer(400, { 'Retry-After': '5' }, body)).toEqual({ kind: 'refused', reason });
});

test('of a server whose body is unknown, the status alone refuses', () => {
  const reply = { status: 400, headers: new Headers(), body: undefined, accepted: false };
  expect(answerOf(reply, NOW)).toEqual({ kind: 'refused', reason: '400 null' });
});

test.each([null, 'text', {}, { detail: 7 }])('a 400 with the body %o is not the answer of our server', (body) => {
  expect(answer(400, {}, body)).toEqual({ kind: 'foreign', reason: '400 ' });
});

test.each([
  [200, { 'Content-Type': 'text/html' }, '200 text/html'],
  [204, {}, '204 '],
  [0, {}, 'a redirect'],
  [404, { 'Content-Type': 'text/html' }, '404 text/html'],
])('%i %o is not the answer of our server', (status, headers: Record<string, string>, reason) => {
  expect(answer(status, headers)).toEqual({ kind: 'foreign', reason });
});
