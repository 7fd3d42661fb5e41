/** The demo site and the admin pages, built into frontend/dist, which Flask serves. The player has its own config. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react()],
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
