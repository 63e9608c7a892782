import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Balancer, startBalancer } from '../../src/load/balancer.ts';
import { listenLoopback } from '../../src/sandbox/process.ts';
import { eventually } from '../helpers/poll.ts';

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A server that answers with its name. */
async function backend(name: string, port = 0) {
  const server = http.createServer((_request, response) => {
    response.setHeader('connection', 'close').end(name);
  });
  undo.push(() => void server.close());
  return { port: await listenLoopback(server, port), server };
}

async function balancer(...ports: readonly number[]): Promise<Balancer> {
  const made = await startBalancer(ports);
  undo.push(made.close);
  return made;
}

const ask = async ({ url }: Balancer) => await (await fetch(url)).text();

describe('the balancer', () => {
  it('takes turns, skips who refuses, and comes back to them', async () => {
    const [one, two] = [await backend('one'), await backend('two')];
    const front = await balancer(one.port, two.port);
    const first = [await ask(front), await ask(front), await ask(front), await ask(front)];
    expect(first.toSorted()).toEqual(['one', 'one', 'two', 'two']);
    two.server.close();
    await once(two.server, 'close');
    expect([await ask(front), await ask(front), await ask(front)]).toEqual(['one', 'one', 'one']);
    expect(front.cut_requests()).toBe(0);
    await backend('two again', two.port);
    await eventually('the second one is asked again', async () => {
      return (await ask(front)) === 'two again';
    });
  });

  it('passes a cut on as a reset and asks nobody else', async () => {
    let seen = 0;
    const dying = net.createServer((socket) => {
      seen += 1;
      socket.on('error', () => {});
      socket.once('data', () => socket.end());
    });
    undo.push(() => void dying.close());
    const front = await balancer(await listenLoopback(dying, 0));
    const client = net.connect(Number(new URL(front.url).port), '127.0.0.1');
    client.write('POST / HTTP/1.1\r\n\r\n');
    const [error] = await once(client, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(seen).toBe(1);
    expect(front.cut_requests()).toBe(1);
  });

  it('resets the connection when nobody is there', async () => {
    const { port, server } = await backend('gone');
    server.close();
    await once(server, 'close');
    const front = await balancer(port);
    await expect(ask(front)).rejects.toThrow();
    expect(front.cut_requests()).toBe(1);
  });
});
