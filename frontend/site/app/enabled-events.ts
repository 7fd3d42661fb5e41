/** Which events the server counts. It writes them into each page, unless it counts the half of a video alone. */

/** The events in order of their shares, or none if the page does not name them: then only the half is counted. */
export function enabledEvents(page = document): readonly string[] {
  return page.documentElement.dataset['events']?.split(' ') ?? [];
}
