/** What the server holds, as far as it is known here. */
import type { Answer, Problem } from './api.js';

/**
 * - `loading`: nothing is known yet.
 * - `ready`: `data` was true at the moment `at`, in ms since 1970, and is asked for again every few seconds.
 * - `stale`: `data` was true at `at`, and asking again has failed since.
 * - `failed`: nothing is known, because of a problem.
 */
export type Remote<T> =
  | { state: 'loading' }
  | { state: 'ready'; data: T; at: number }
  | { state: 'stale'; data: T; at: number; problem: Problem }
  | { state: 'failed'; problem: Problem };

/** What is known after an answer that came at `now`. */
export function afterAnswer<T>(before: Remote<T>, answer: Answer<T>, now: number): Remote<T> {
  if (answer.kind === 'ok') return { state: 'ready', data: answer.data, at: now };
  const known = before.state === 'ready' || before.state === 'stale';
  if (known && answer.kind !== 'not-found')
    return { state: 'stale', data: before.data, at: before.at, problem: answer };
  return { state: 'failed', problem: answer };
}

/** Why the reports cannot be had, as the end of a sentence. */
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
