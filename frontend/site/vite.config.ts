/** The demo site, the admin pages and tracker.js, built into frontend/dist, which Flask serves. */
import react from '@vitejs/plugin-react';
import { build, defineConfig, type Plugin, type Rolldown } from 'vite';

const api = 'http://127.0.0.1:8000';

/** Adds tracker.js, which pages of other sites fetch: built by the player's own config, so that it is one small file. */
const tracker: Plugin = {
  name: 'tracker',
  apply: 'build',
  async generateBundle() {
    const built = await build({ root: '../player', logLevel: 'warn', build: { write: false, sourcemap: false } });
    for (const { output } of [built].flat() as Rolldown.RolldownOutput[])
      for (const file of output)
        if (file.type === 'chunk' && file.fileName.startsWith('tracker'))
          this.emitFile({ type: 'asset', fileName: file.fileName, source: file.code });
  },
};

export default defineConfig({
  plugins: [react(), tracker],
  resolve: { tsconfigPaths: true }, // Use the player's sources, not its build.
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: { input: ['index.html', 'admin.html'] },
    // The Content-Security-Policy allows data: URLs for images only. Every file name has a hash.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600, // For hls.js, which is fetched only where HLS is played.
  },
  // `npm run dev`, beside a running `pulse up`.
  server: {
    proxy: {
      '/analytics': api,
      '/admin': {
        target: api,
        bypass: ({ headers }) => (headers.accept?.includes('text/html') ? '/admin.html' : undefined),
      },
    },
  },
});
