import { expect, test } from 'vitest';
import { createViewer } from '../lib/viewer.js';
import { FakeStorage } from './fakes.js';

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('the viewer id of a logged-in user is the user id', () => {
  expect(createViewer({ storage: new FakeStorage() }).id('ada')).toBe('ada');
});

test.each([undefined, null, ''])('a viewer who is not logged in (%o) keeps one UUID from visit to visit', (userId) => {
  const storage = new FakeStorage();
  const id = createViewer({ storage }).id(userId);
  expect(id).toMatch(UUID_4);
  expect(createViewer({ storage }).id(userId)).toBe(id);
});

test.each(['fill', 'forbid'] as const)('a storage made to %s gives an id that lasts as long as the page', (spoil) => {
  const storage = new FakeStorage();
  storage[spoil]();
  const viewer = createViewer({ storage });
  expect(viewer.id()).toMatch(UUID_4);
  expect(viewer.id()).toBe(viewer.id());
});
