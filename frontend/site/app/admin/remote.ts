/** The client's knowledge of data on the server. */
import type { Answer, Problem } from './api.js';

/**
 * - `loading`: there is no answer yet.
 * - `ready`: `data` is of the time `at`, in ms since 1970, and is polled every few seconds.
 * - `stale`: `data` is of the time `at`, and polling has failed since.
 * - `failed`: there is no data, because of a problem.
 */
export type Remote<T> =
  | { state: 'loading' }
  | { state: 'ready'; data: T; at: number }
  | { state: 'stale'; data: T; at: number; problem: Problem }
  | { state: 'failed'; problem: Problem };

/** The new state after an answer at `now`. */
export function afterAnswer<T>(before: Remote<T>, answer: Answer<T>, now: number): Remote<T> {
  if (answer.kind === 'ok') return { state: 'ready', data: answer.data, at: now };
  const known = before.state === 'ready' || before.state === 'stale';
  if (known && answer.kind !== 'not-found')
    return { state: 'stale', data: before.data, at: before.at, problem: answer };
  return { state: 'failed', problem: answer };
}

/** Why the reports are unavailable, as the end of a sentence. */
export function reasonOf(problem: Problem): string {
  switch (problem.kind) {
    case 'no-answer':
      return 'the server does not answer';
    case 'unavailable':
      return 'the database does not answer';
    case 'refused':
      return problem.detail.replace(/\.$/, '');
    case 'signed-out':
    case 'forbidden':
    case 'not-found':
    case 'slow-down':
      return 'the server refuses to answer';
    default:
      return problem satisfies never;
  }
}
