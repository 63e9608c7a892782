/**
 * A bare WebSocket server that tells everybody the same events when asked to: what a frame costs
 * with and without compression.   node bench/lib/feed-server.ts deflate|plain
 */
import websocket, { type WebSocket } from '@fastify/websocket';
import { fastify } from 'fastify';

const server = fastify();
const clients = new Set<WebSocket>();
await server.register(websocket, {
  options: { perMessageDeflate: process.argv[2] === 'deflate' ? { threshold: 256 } : false },
});
server.get('/events', { websocket: true }, (socket) => {
  socket.send('{"type":"hello"}');
  clients.add(socket);
});
server.post('/tell', async (request) => {
  const { count } = request.query as { count: string };
  const payload = {
    schema_version: 1,
    reservation_id: crypto.randomUUID(),
    slot_id: crypto.randomUUID(),
    service_id: crypto.randomUUID(),
    user_id: crypto.randomUUID(),
    service_name: 'General consultation',
    clinic_name: 'PetPro Jakarta',
    starts_at: '2026-12-01T02:00:00Z',
    expires_at: '2026-11-20T04:00:00Z',
    amount: '250000.00',
    currency: 'IDR',
  };
  for (let sequence = 1; sequence <= Number(count); sequence += 1) {
    const event = {
      type: 'event',
      event_id: crypto.randomUUID(),
      sequence,
      event_type: 'reservation.created',
      aggregate_type: 'reservation',
      aggregate_id: payload.reservation_id,
      clinic_id: crypto.randomUUID(),
      correlation_id: crypto.randomUUID(),
      occurred_at: new Date().toISOString(),
      payload,
    };
    const bytes = Buffer.from(JSON.stringify(event));
    const sent = [...clients].map(
      (client) =>
        new Promise<void>((resolve) => client.send(bytes, { binary: false }, () => resolve())),
    );
    await Promise.all(sent);
  }
  const { heapUsed: heap, external } = process.memoryUsage();
  return { heap, external };
});
process.stdin.on('end', () => process.exit(0)).resume();
console.log(await server.listen({ host: '127.0.0.1', port: 0 }));
