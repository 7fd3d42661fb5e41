import { expect, test } from 'vitest';
import { createViewerId } from '../lib/viewer.js';
import { FakeStorage } from './fakes.js';

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a viewer who is not logged in keeps one UUID from visit to visit', () => {
  const storage = new FakeStorage();
  const id = createViewerId(() => storage)('local');
  expect(id).toMatch(UUID_4);
  expect(createViewerId(() => storage)('local')).toBe(id);
});

test.each(['fill', 'forbid'] as const)('a storage made to %s gives an id that lasts as long as the page', (spoil) => {
  const storage = new FakeStorage();
  storage[spoil]();
  const viewerId = createViewerId(() => storage);
  expect(viewerId('local')).toMatch(UUID_4);
  expect(viewerId('local')).toBe(viewerId('local'));
});

test('where nothing may be stored each page has an id of its own, which is not the one that this browser keeps', () => {
  const storage = new FakeStorage();
  const storageOf = (kind?: string) => (kind === 'local' ? storage : null);
  const viewerId = createViewerId(storageOf);
  const [kept, own] = [viewerId('local'), viewerId('none')];
  expect(own).toMatch(UUID_4);
  expect(viewerId('none')).toBe(own);
  expect(new Set([kept, own, createViewerId(storageOf)('none')]).size).toBe(3);
  expect(Object.values(storage)).toEqual([kept]);
});
