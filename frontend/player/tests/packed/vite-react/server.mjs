// Like the host of a server component: import the player in Node, start its outbox, and render it to a string.
// `node server.mjs with` has a global `navigator`, as Node 21 and newer do, `node server.mjs without` has none.
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { startOutbox, VideoPlayer } from '@pulse-analytics/player';

Reflect.deleteProperty(globalThis, 'navigator');
if (process.argv[2] === 'with') globalThis.navigator = { onLine: true, locks: undefined };
globalThis.fetch = () => {
  throw new Error('A server must not send anything.');
};

startOutbox()();
startOutbox({ endpoint: 'https://analytics.example/analytics' });
process.stdout.write(renderToString(createElement(VideoPlayer, { videoId: 'v1', src: '/v1.mp4' })));
