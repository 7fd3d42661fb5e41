/**
 * What a fatal error of hls.js asks for, and what a page sees of it.
 */
import type { ErrorData } from 'hls.js';

/**
 * - `wait`: try again, for as long as it takes: the server or the network is down.
 * - `try-again`: try again a few times: a stream that has played may be gone, or its server is being deployed.
 * - `skip`: play on after this segment.
 * - `reset`: give the element a new MediaSource.
 * - `fail`: nothing helps.
 */
export type Verdict = 'wait' | 'try-again' | 'skip' | 'reset' | 'fail';

/** Judges a fatal error. `started`: whether the stream has delivered a segment that can be played. */
export function judge(data: ErrorData, started: boolean): Verdict {
  if (isBadSegment(data)) return 'skip';
  const { details, type, response, frag } = data;
  switch (details as string) {
    case 'manifestParsingError':
    case 'manifestIncompatibleCodecsError':
    case 'bufferAddCodecError':
    case 'bufferIncompatibleCodecsError':
      return 'fail';
    case 'levelParsingError':
    case 'levelEmptyError':
      return started ? 'try-again' : 'fail';
  }
  if ((type as string) === 'mediaError') return 'reset';
  if ((type as string) !== 'networkError') return 'fail';
  if (!isRefusal(response?.code)) return 'wait';
  return started && !frag ? 'try-again' : 'fail';
}

/** Whether this segment is missing, or is something else than media: an HTML page, for example. */
export function isBadSegment({ details, response, frag }: ErrorData): boolean {
  if (!frag) return false;
  if ((details as string) === 'fragLoadError') return isRefusal(response?.code);
  return (details as string) === 'fragParsingError' || (details as string) === 'fragDecryptError';
}

/** Whether the server says that asking again is useless. */
function isRefusal(status = 0): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** The part of a MediaError that pages read. */
export type PlaybackError = Pick<MediaError, 'code' | 'message'>;

/** The error as `video.error` would have it, with MediaError's codes for network (2), decoding (3) and source (4). */
export function asMediaError({ details, type, error, url, frag }: ErrorData, started: boolean): PlaybackError {
  const code = !started ? 4 : (type as string) === 'networkError' ? 2 : 3;
  const where = frag?.url ?? url;
  return { code, message: `${details}: ${error.message}${where ? ` (${where})` : ''}` };
}
