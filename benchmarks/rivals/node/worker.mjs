// The rival's worker: node worker.mjs REDIS_URL DATABASE_URL
// Creates its tables, prints that it is ready, then records one event per transaction.

import { Redis } from 'ioredis';
import pg from 'pg';

const QUEUE = 'queue:analytics';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS video_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id text NOT NULL,
    event text NOT NULL,
    user_id text NOT NULL,
    ts bigint NOT NULL,
    received_at bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS video_metrics (
    video_id text PRIMARY KEY,
    watched_50_count bigint NOT NULL,
    updated_at timestamptz NOT NULL
  );
`;
const SCHEMA_LOCK = 1;

const BEGIN = { name: 'begin', text: 'BEGIN' };
const INSERT = {
  name: 'insert',
  text: 'INSERT INTO video_events (video_id, event, user_id, ts, received_at) VALUES ($1, $2, $3, $4, $5)',
};
const COUNT = {
  name: 'count',
  text:
    'INSERT INTO video_metrics (video_id, watched_50_count, updated_at) VALUES ($1, 1, now()) ' +
    'ON CONFLICT (video_id) DO UPDATE ' +
    'SET watched_50_count = video_metrics.watched_50_count + 1, updated_at = excluded.updated_at',
};
const COMMIT = { name: 'commit', text: 'COMMIT' };

const [redisUrl, databaseUrl] = process.argv.slice(2);
const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
const client = new pg.Client(databaseUrl);

await client.connect();
await makeTables();
console.log('ready.');
for (;;) {
  const [, job] = await redis.brpop(QUEUE, 0);
  await record(JSON.parse(job));
}

// CREATE TABLE IF NOT EXISTS fails if another worker creates the same table at the same time.
async function makeTables() {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
  await client.query(SCHEMA);
  await client.query('COMMIT');
}

// An error ends the process, because only runs without errors are measured.
async function record({ videoId, event, userId, ts, receivedAt }) {
  await client.query(BEGIN);
  await client.query({ ...INSERT, values: [videoId, event, userId, ts, receivedAt] });
  await client.query({ ...COUNT, values: [videoId] });
  await client.query(COMMIT);
}
