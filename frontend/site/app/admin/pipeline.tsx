import type { Api, Live } from './api.js';
import type { Remote } from './remote.js';
import { Sparkline } from './sparkline.js';
import { usePolled } from './use-polled.js';
import { counted, duration, number } from './words.js';

/** Longer than a report waits in a healthy pipeline. */
const LATE_SECONDS = 10;

interface Health {
  mood: 'unknown' | 'good' | 'bad';
  words: string;
}

export interface PipelineProps {
  api: Api;
  enabled: readonly string[];
  onSignedOut: () => void;
}

/** The pipeline's health in one line: how many events wait, for how long, and how many could not be recorded. */
export function Pipeline({ api, enabled, onSignedOut }: PipelineProps) {
  const { remote } = usePolled('live', api.live, onSignedOut);
  const noun = enabled.length === 0 ? 'view' : 'report';
  const { mood, words } = healthOf(remote, noun);
  return (
    <section className="pipeline" aria-label="Pipeline" data-mood={mood}>
      <p className="pipeline-words" role="status">
        {words}
      </p>
      {remote.state === 'ready' && <LastHour perMinute={remote.data.perMinute} />}
      {remote.state === 'ready' && remote.data.suppressed > 0 && (
        <p className="suppressed">{suppressedInWords(remote.data.suppressed, noun)}</p>
      )}
    </section>
  );
}

function LastHour({ perMinute }: { perMinute: readonly number[] }) {
  return (
    <p className="last-hour">
      <Sparkline values={perMinute} />
      {number(perMinute.reduce((sum, count) => sum + count, 0))} counted in the last hour
    </p>
  );
}

/** The pipeline's health in words. `noun` is what waits in it. */
export function healthOf(remote: Remote<Live>, noun = 'view'): Health {
  switch (remote.state) {
    case 'loading':
      return { mood: 'unknown', words: 'Asking the pipeline …' };
    case 'ready':
      return healthOfJournal(remote.data, noun);
    case 'stale':
    case 'failed':
      return { mood: 'bad', words: faultOf(remote.problem.kind) };
    default:
      return remote satisfies never;
  }
}

/** How many crossings were suppressed. They are no part of the pipeline's health. */
export function suppressedInWords(suppressed: number, noun = 'view'): string {
  const are = counted(suppressed, `${noun} is`, `${noun}s are`);
  return `About ${are} not counted, because the ${suppressed === 1 ? 'viewer’s browser asks' : 'viewers’ browsers ask'} for privacy.`;
}

function healthOfJournal({ waiting, oldestWaitingSeconds, unknownEvents, parked }: Live, noun: string): Health {
  const held = Object.values(unknownEvents).reduce((sum, count) => sum + count, 0);
  // The oldest one may be of an event that no worker knows.
  const late = held === 0 && (oldestWaitingSeconds ?? 0) > LATE_SECONDS;
  const words = [waiting === 0 ? 'All counted.' : waitingInWords(waiting, noun, oldestWaitingSeconds ?? 0, late)];
  if (held > 0) {
    const wait = counted(held, 'of them waits', 'of them wait');
    words.push(`${wait} for a newer worker, which knows ${Object.keys(unknownEvents).join(', ')}.`);
  }
  if (parked > 0) {
    words.push(`${counted(parked, 'report')} could not be recorded: “pulse dead-letters list” says why.`);
  }
  return { mood: late || held > 0 || parked > 0 ? 'bad' : 'good', words: words.join(' ') };
}

function waitingInWords(waiting: number, noun: string, oldestSeconds: number, late: boolean): string {
  const waits = counted(waiting, `${noun} waits`, `${noun}s wait`);
  const wait = `${waits} to be counted, the oldest for ${duration(oldestSeconds)}.`;
  return late ? `${wait} Is a worker running? Nothing is lost: they count as soon as one does.` : wait;
}

function faultOf(kind: string): string {
  return kind === 'no-answer'
    ? 'The server does not answer. Players keep their reports and send them again.'
    : 'Redis does not answer. Players keep their reports and send them again.';
}
