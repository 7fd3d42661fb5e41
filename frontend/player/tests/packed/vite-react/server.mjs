// Like the host of a server component: import the player in Node, and render it to a string.
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { VideoPlayer } from '@pulse-analytics/player';

process.stdout.write(renderToString(createElement(VideoPlayer, { videoId: 'v1', src: '/v1.mp4' })));
