/** What pages call an event. It follows from the event's name, so that a new event type needs nothing here. */

const percents = new Intl.NumberFormat(navigator.languages, { style: 'percent' });

/** What a viewer did: "started", "watched 25%". */
export function deedOf(event: string): string {
  const share = shareIn(event);
  return share === undefined ? event.replace(/^video_/, '').replaceAll('_', ' ') : `watched ${share}`;
}

/** A milestone in a list: "Started", "25%". */
export function milestoneOf(event: string): string {
  return shareIn(event) ?? capitalised(deedOf(event));
}

/** "Watched 25%" */
export function capitalised(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function shareIn(event: string): string | undefined {
  const percent = /^watched_(\d+)_percent$/.exec(event)?.[1];
  return percent === undefined ? undefined : percents.format(Number(percent) / 100);
}
