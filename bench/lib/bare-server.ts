/**
 * What the HTTP framework does with nothing behind it: the ceiling of the loser path. Run as a
 * program of its own, as the daemon is; prints its address.
 */
import fastify from 'fastify';

const app = fastify({ logger: false });
app.post('/v1/reservations', async (_request, reply) =>
  reply.code(409).send({
    type: '/problems/slot-locked',
    title: 'Slot is being booked by someone else',
    status: 409,
    code: 'slot_locked',
  }),
);
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${url}\n`);
process.stdin.resume().once('end', () => void app.close());
