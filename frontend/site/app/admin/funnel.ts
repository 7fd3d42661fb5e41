/** Funnels in the page's words: what each milestone's row says. */
import type { Funnel, Milestone } from './api.js';
import type { Medians } from './medians.js';
import { change, day, number, roughly } from './words.js';

export const UNKNOWN = '–';

/** What to compare a funnel with; each is undefined while it is not known. */
export interface Comparison {
  /** The shares of a typical video in the same range. */
  medians: Medians | undefined;
  /** The funnel of the same video in the range before. */
  before: Funnel | undefined;
  /** What the range before is called; undefined if there is none. */
  beforeName: string | undefined;
}

export interface FunnelRow {
  event: string;
  count: string;
  /** The share of the first milestone, in words and as a number up to 1; undefined draws no bar. */
  share: string;
  part: number | undefined;
  /** The share of those at the milestone before who did not get here. */
  lost: string;
  /** Why there is no share. */
  reason: string | undefined;
  /** The median of the share of the first milestone, in words and as a number up to 1. */
  medianShare: string;
  medianPart: number | undefined;
  /** By how much the count changed since the range before: "+12%". */
  change: string;
}

/** The rows of a funnel. */
export function rowsOf(funnel: Funnel, comparison?: Comparison): FunnelRow[] {
  return funnel.milestones.map((milestone) => {
    const part = partOf(milestone);
    const medianPart = isRecorded(milestone) ? comparison?.medians?.[milestone.event] : undefined;
    return {
      event: milestone.event,
      count: number(milestone.count),
      share: inWords(part),
      part,
      lost: inWords(milestone.dropOff ?? undefined),
      reason: reasonOf(milestone),
      medianShare: inWords(medianPart),
      medianPart,
      change: changeOf(milestone, sameIn(comparison?.before, milestone)),
    };
  });
}

/** The rows of a funnel that is not known yet. */
export function unknownRows(enabled: readonly string[]): FunnelRow[] {
  const nothing = { part: undefined, reason: undefined, medianPart: undefined };
  const dashes = { count: UNKNOWN, share: UNKNOWN, lost: UNKNOWN, medianShare: UNKNOWN, change: UNKNOWN };
  return enabled.map((event) => ({ event, ...nothing, ...dashes }));
}

/** Whether the whole range is recorded for this milestone. */
export function isRecorded({ reason }: Milestone): boolean {
  return reason !== 'notRecorded' && reason !== 'recordedLater';
}

/** By how much a count changed since the range before: "+12%". */
export function changeOf(now: Milestone, before: Milestone | undefined): string {
  if (!before || before.count === 0 || !isRecorded(now) || !isRecorded(before)) return UNKNOWN;
  return change(before.count, now.count);
}

/** How much of a video its viewers watch, in a sentence; undefined if it cannot be estimated. */
export function estimateOf({ estimatedShareWatched: estimate }: Funnel): string | undefined {
  return estimate === null ? undefined : `About ${roughly(estimate)} watched on average (estimated between milestones)`;
}

function reasonOf({ reason, recordedSince }: Milestone): string | undefined {
  switch (reason) {
    case null:
      return undefined;
    case 'notRecorded':
    case 'recordedLater':
      return recordedSince === null ? 'not recorded yet' : `not recorded before ${day(recordedSince)}`;
    case 'exceedsEarlier':
      return 'more than reached the milestone before: the range cuts through viewings, or it was enabled later';
    default:
      return reason satisfies never;
  }
}

function sameIn(funnel: Funnel | undefined, { event }: Milestone): Milestone | undefined {
  return funnel?.milestones.find((milestone) => milestone.event === event);
}

/** The share of the first milestone, if there is one of at most 1. */
function partOf(milestone: Milestone): number | undefined {
  const part = milestone.shareOfFirst ?? undefined;
  return part !== undefined && part <= 1 ? part : undefined;
}

function inWords(part: number | undefined): string {
  return part === undefined ? UNKNOWN : roughly(part);
}
