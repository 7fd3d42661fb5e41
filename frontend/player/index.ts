/**
 * The public API of the library.
 */
export * from './tracker.js';
export * from './react.js';
