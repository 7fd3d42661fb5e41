/**
 * Replays every trace to both trackers, and prints those of which one does not notice half of the film when it was passed.
 */
import { mock } from 'node:test';
import { JSDOM } from 'jsdom';
import { runnerImport } from 'vite';

const { window } = new JSDOM('', { url: 'http://localhost' });
const globals = { window, document: window.document, Event: window.Event, AbortController: window.AbortController };
for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value });
mock.timers.enable();

const load = async (name) =>
  (await runnerImport(new URL(`../traces/${name}.ts`, import.meta.url).pathname, { configFile: false })).module;
const { recorded } = await load('recorded');
const { replay } = await load('replay');
const { pulse, snowplowMedia } = await load('trackers');

/** The time at which a tracker notices half of the film, in milliseconds. */
async function noticed(trace, start) {
  const began = Date.now();
  const times = [];
  const stop = await replay(
    trace,
    (element) => start(element, (ts) => times.push(ts - began)),
    async (milliseconds) => mock.timers.tick(milliseconds),
  );
  const [first] = times;
  stop();
  return first;
}

const seconds = (milliseconds) => (milliseconds === undefined ? 'never' : `${(milliseconds / 1000).toFixed(1)} s`);
const isRight = (at, expected) => (expected ? at >= expected.from && at <= expected.to : at === undefined);
const cell = (at, expected) => (isRight(at, expected) ? seconds(at) : `**${seconds(at)}**`);

let alike = 0;
console.log('| Trace | Half of the film passed | Ours | Snowplow |\n|---|--:|--:|--:|');
for (const [name, trace] of recorded) {
  const [expected] = trace.expected;
  const times = [await noticed(trace, pulse), await noticed(trace, snowplowMedia)];
  if (times.every((at) => isRight(at, expected))) alike += 1;
  else
    console.log(`| ${name} | ${[seconds(expected?.passed), ...times.map((at) => cell(at, expected))].join(' | ')} |`);
}
console.log(`\nIn ${alike} of ${recorded.length} traces both are right.`);
