/** What the site's players report. */
import type { VideoPlayerProps } from '@pulse-analytics/player';

import { enabledEvents } from './enabled-events.js';

const enabled = enabledEvents();

/** All that this server counts, because it refuses others; undefined if that is the half alone, the player's default. */
export const milestones = enabled.length > 0 ? (enabled as VideoPlayerProps['milestones']) : undefined;
