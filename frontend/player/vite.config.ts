import { defineConfig } from 'vite';

/** The library: ESM for other sites' bundlers and for a plain `<script type="module">`. */
export default defineConfig({
  build: {
    outDir: 'dist-lib',
    target: 'es2022',
    minify: true,
    sourcemap: 'hidden', // The maps are packed, but a tracker.js that was copied elsewhere must not ask for one.
    lib: { entry: { index: 'index.ts', tracker: 'tracker.ts', react: 'react.ts' }, formats: ['es'] },
    rolldownOptions: {
      preserveEntrySignatures: 'allow-extension',
      external: [/^react($|\/)/, 'hls.js'],
      output: {
        minify: true, // By default, Vite keeps white space in a library.
        comments: { annotation: false }, // package.json says already that nothing here has side effects.
        chunkFileNames: 'tracker-[name].js', // No hash: a plain page serves it beside tracker.js.
        // Library mode drops the sources' directive, and without it Next.js treats the player as a server component.
        banner: (chunk) => (chunk.name === 'react' ? "'use client';" : ''),
      },
    },
  },
});
