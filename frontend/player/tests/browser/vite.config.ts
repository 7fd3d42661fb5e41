import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const inHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The harness pages of tests/browser, which tests/browser/pages.py builds with Vite into dist-test. */
export default defineConfig({
  root: inHere('.'),
  base: '/',
  publicDir: false,
  cacheDir: inHere('../../../node_modules/.vite-test'),
  build: {
    outDir: inHere('../../dist-test'),
    emptyOutDir: true,
    sourcemap: true,
    chunkSizeWarningLimit: 1024,
    rolldownOptions: { input: { react: inHere('react.html'), plain: inHere('plain.html'), away: inHere('away.html') } },
  },
});
