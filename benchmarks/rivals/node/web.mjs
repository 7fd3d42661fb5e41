// The rival's web server: node web.mjs PORT REDIS_URL PROCESSES

import cluster from 'node:cluster';

import fastify from 'fastify';
import { Redis } from 'ioredis';

const DEDUPE_SECONDS = 86_400;
const QUEUE = 'queue:analytics';

const REPORT = {
  type: 'object',
  required: ['videoId', 'event', 'userId', 'ts'],
  properties: {
    videoId: { type: 'string', minLength: 1, maxLength: 128 },
    event: { type: 'string', enum: ['watched_50_percent'] },
    userId: { type: 'string', minLength: 1, maxLength: 128 },
    ts: { type: 'integer', minimum: 0 },
  },
};
const ANSWER = { type: 'object', properties: { status: { type: 'string' } } };

const [port, redisUrl, processes] = process.argv.slice(2);

if (cluster.isPrimary && Number(processes) > 1) {
  for (let i = 0; i < Number(processes); i += 1) {
    cluster.fork();
  }
  // If a process dies, fail: with fewer processes than stated the comparison would be unfair.
  cluster.on('exit', () => process.exit(1));
} else {
  await serve();
}

async function serve() {
  const redis = new Redis(redisUrl);
  const app = fastify({ logger: false });

  app.post('/analytics', { schema: { body: REPORT, response: { '2xx': ANSWER } } }, async (request, reply) => {
    const { videoId, event, userId, ts } = request.body;
    const key = `dedupe:video:${videoId}:user:${userId}:watched50`;
    if ((await redis.set(key, '1', 'EX', DEDUPE_SECONDS, 'NX')) === null) {
      return { status: 'duplicate' };
    }
    await redis.lpush(QUEUE, JSON.stringify({ videoId, event, userId, ts, receivedAt: Date.now() }));
    reply.code(202);
    return { status: 'queued' };
  });

  app.get('/readyz', async () => redis.ping());

  await app.listen({ host: '127.0.0.1', port: Number(port) });
}
