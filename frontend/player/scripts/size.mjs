// Fails if an entry point of the library, or a chunk that the tracker loads when it is needed, is over its size budget
// with all its static imports.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGETS_BYTES = {
  'tracker.js': 4 * 1024, // 1.2 kB of it tell the film from ads, live streams and other content.
  'index.js': 6 * 1024,
  'tracker-hls-js.js': 2.5 * 1024,
  'tracker-redelivery.js': 2.5 * 1024,
  'tracker-auto.js': 1024,
};
const folder = new URL('../dist-lib/', import.meta.url);

function withImports(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const source = readFileSync(new URL(file, folder), 'utf8');
  for (const [, imported] of source.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) withImports(imported, found);
  return found;
}

for (const [entry, budget] of Object.entries(BUDGETS_BYTES)) {
  const files = [...withImports(entry)];
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, folder))).length, 0);
  console.log(`${entry} (${files.join(' + ')}): ${bytes} of ${budget} bytes gzip`);
  if (bytes > budget) process.exitCode = 1;
}
