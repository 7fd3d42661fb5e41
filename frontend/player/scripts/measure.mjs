// Does tracking slow a page down? Plays a film in Chromium with and without it, in turn, and prints the differences:
// `npm run measure`, or `npm run measure -- 9` for nine turns of each.
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const GOAL_MICROSECONDS = 10;
const TURNS = Number(process.argv[2] ?? 5);
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const TRACKER = readdirSync(new URL('../dist-lib/', import.meta.url)).filter((name) => /^tracker.*\.js$/.test(name));
const FILES = {
  '/': ['text/html', '<!doctype html><title>Measure</title><script type="module" src="/measure-page.mjs"></script>'],
  '/measure-page.mjs': ['text/javascript', read('measure-page.mjs')],
  ...Object.fromEntries(TRACKER.map((name) => [`/${name}`, ['text/javascript', read(`../dist-lib/${name}`)]])),
  '/film.mp4': ['video/mp4', read('../../site/public/videos/tides.mp4')],
};
/** The measurements, by the names that the page uses. */
const ROWS = {
  playing: '100,000 timeupdates before the half, µs each',
  scattered: '100,000 timeupdates, film played in pieces, µs each',
  reported: '100,000 timeupdates after the report, µs each',
  seldom: 'real timeupdates before the half, four a second, µs',
  slowest: 'slowest real timeupdate (it sends the report), µs',
  dropped: 'dropped frames, %',
  longTasks: 'long tasks',
  longTaskMs: 'long tasks, ms in all',
  frameLoaded: 'first frame loaded, ms',
  frameShown: 'first frame shown, ms',
};

let reports = 0;
const server = createServer(answer);
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const browser = await chromium.launch({
  executablePath: findBrowser(),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const turns = { without: [], with: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    // Each goes first every other time, so that a machine that gets busier is fair to both.
    for (const kind of turn % 2 === 0 ? ['without', 'with'] : ['with', 'without']) turns[kind].push(await play(kind));
  }
  print(turns);
} finally {
  await browser.close();
  server.close();
}

/** Plays the film in a new browser profile. Returns the measurements. */
async function play(kind) {
  reports = 0;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/?tracking=${kind}`);
  const measured = await page.evaluate(() => globalThis.measured);
  await context.close();
  if (reports !== (kind === 'with' ? 1 : 0)) throw new Error(`${reports} reports came from a page ${kind} tracking`);
  return measured;
}

function print({ without, with: tracked }) {
  const { version, pieces, frames } = tracked[0];
  console.log(`Chromium ${version}; turns of each: ${TURNS}; frames: ${frames}; pieces: ${pieces}\n`);
  console.log(line('', ['without: min', 'median', 'max', 'with: min', 'median', 'max', 'more', 'ratio']));
  const more = {};
  for (const [name, label] of Object.entries(ROWS)) {
    const [a, b] = [without, tracked].map((turns) => spread(turns.map((turn) => turn[name])));
    more[name] = b.median - a.median;
    const numbers = [a.min, a.median, a.max, b.min, b.median, b.max, more[name]].map(short);
    console.log(line(label, [...numbers, a.median > 0 ? (b.median / a.median).toFixed(2) : '-']));
  }
  console.log(`\nThe goal is at most ${GOAL_MICROSECONDS} µs more for a timeupdate.`);
  for (const [name, which] of [
    ['playing', 'Of many at once'],
    ['seldom', 'As they come'],
  ])
    console.log(`${which}: ${short(more[name])} µs, ${more[name] <= GOAL_MICROSECONDS ? 'kept' : 'missed'}.`);
}

function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

function short(number) {
  return number.toFixed(Math.abs(number) >= 100 ? 0 : 2);
}

function line(label, cells) {
  return label.padEnd(52) + cells.map((cell) => cell.padStart(12)).join('');
}

function answer(request, response) {
  const [type, content] = FILES[new URL(request.url, 'http://localhost').pathname] ?? [];
  if (request.method === 'POST') {
    reports += 1;
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"queued","eventId":"1"}');
  } else if (content === undefined) {
    response.writeHead(404).end();
  } else {
    sendFile(request, response, type, Buffer.from(content));
  }
}

function sendFile({ headers }, response, type, content) {
  // Without these two headers, a page's clock is rounded to 100 µs.
  response
    .setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    .setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  response.setHeader('Content-Type', type).setHeader('Accept-Ranges', 'bytes');
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined) {
    response.end(content);
    return;
  }
  const end = Math.min(Number(last || content.length), content.length - 1);
  response.setHeader('Content-Range', `bytes ${first}-${end}/${content.length}`);
  response.writeHead(206).end(content.subarray(Number(first), end + 1));
}

function read(path) {
  return readFileSync(new URL(path, import.meta.url));
}

function findBrowser() {
  const paths = BROWSERS.flatMap((name) =>
    (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)),
  );
  const found = paths.find(isProgram);
  if (!found) throw new Error(`None of these is on the PATH: ${BROWSERS.join(', ')}`);
  return found;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
