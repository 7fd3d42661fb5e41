/**
 * The recorded traces, by the name of their browser and scenario.
 */
import type { Trace } from './replay.js';

const files = import.meta.glob<Trace>('./*/*.json', { eager: true, import: 'default' });

export const recorded = Object.entries(files).map(
  ([path, trace]) => [path.slice('./'.length, -'.json'.length), trace] as const,
);
