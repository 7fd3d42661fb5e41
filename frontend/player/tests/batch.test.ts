import { expect, test } from 'vitest';
import { batchUrlOf } from '../lib/batch.js';

test.each([
  ['/analytics', '/analytics/batch'],
  ['/analytics/', '/analytics/batch'],
  ['https://a.example/analytics?site=1', 'https://a.example/analytics/batch?site=1'],
])('the batches of %s go to %s', (endpoint, url) => {
  expect(batchUrlOf(endpoint)).toBe(url);
});
