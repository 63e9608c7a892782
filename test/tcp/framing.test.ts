import { once } from 'node:events';
import net from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startDaemon } from '../../src/daemon/main.ts';
import { createFrameReader, frameOf } from '../../src/daemon/tcp/frames.ts';
import { startTcp, type TcpServer } from '../../src/daemon/tcp/server.ts';
import { openLog } from '../../src/log.ts';
import { freePort } from '../../src/sandbox/process.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const short = { strangers_ms: 300, idle_ms: 60_000, frame_ms: 300 };
let server: TcpServer;
let impatient: TcpServer;
let token = '';
beforeAll(async () => {
  const { app } = harness.daemon;
  server = await startTcp(app, { port: 0, host: '127.0.0.1' });
  impatient = await startTcp(app, { port: 0, host: '127.0.0.1', limits: short });
  token = await harness.addKey('desk');
});
afterAll(async () => {
  await server.stop();
  await impatient.stop();
});

/** A raw connection: what came back so far, and whether the other side has closed. */
async function dial({ port }: TcpServer = server) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const reader = createFrameReader(50_000_000);
  const answers: { id?: string; err?: { code: string }; response?: unknown }[] = [];
  let is_closed = false;
  socket.on('data', (bytes) => {
    answers.push(...reader.push(Buffer.from(bytes)).map((frame) => JSON.parse(frame)));
  });
  socket.on('close', () => {
    is_closed = true;
  });
  afterAll(() => socket.destroy());
  return { socket, answers, closed: () => eventually('it is closed', () => is_closed) };
}

const login = (id: string) =>
  frameOf(JSON.stringify({ pattern: 'auth.login', data: { token }, id }));

describe('frames', () => {
  test('come out as they went in, however the bytes are cut', () => {
    const packets = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(packets, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (texts, cuts) => {
        const frames = texts.map((text) => JSON.stringify({ text }));
        let bytes = Buffer.from(frames.map(frameOf).join(''));
        const reader = createFrameReader(10_000);
        const read: string[] = [];
        for (const cut of cuts) {
          if (bytes.length === 0) break;
          read.push(...reader.push(bytes.subarray(0, cut)));
          bytes = bytes.subarray(cut);
        }
        expect(read).toEqual(frames);
        expect(reader.is_inside()).toBe(false);
      }),
    );
  });

  test.each([
    ['no length', 'hello#{}'],
    ['a negative one', '-1#{}'],
    ['a float', '1.5#{}'],
    ['none before the sign', '#{}'],
    ['a length without end', '123456789'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no JSON', '3#abc'],
    ['no object', '2#[]'],
    ['null', '4#null'],
  ])('%s is answered once and ends the connection', async (_, text) => {
    const { socket, answers, closed } = await dial();
    socket.write(text);
    await closed();
    expect(answers).toMatchObject([{ err: { code: 'invalid_input' }, isDisposed: true }]);
  });

  test('one that is too large is refused by its length, before it is read', async () => {
    const { socket, answers, closed } = await dial();
    socket.write('1048577#{');
    await closed();
    expect(answers).toMatchObject([{ err: { code: 'payload_too_large' } }]);
  });

  test('many in one segment, and one in many segments, are answered', async () => {
    const { socket, answers } = await dial();
    socket.write(['a', 'b', 'c'].map(login).join(''));
    for (const sign of login('d')) socket.write(sign);
    await eventually('four answers', () => answers.length === 4);
    expect(answers.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(answers.every(({ err }) => err === undefined)).toBe(true);
  });

  test('events are taken without an answer, and change nothing', async () => {
    const { socket, answers } = await dial();
    const event = { pattern: 'booking.reservation.create', data: { token } };
    socket.write(frameOf(JSON.stringify(event)) + login('after'));
    await eventually('the answer to the message after it', () => answers.length === 1);
    expect(answers[0]?.id).toBe('after');
  });
});

describe('patience', () => {
  test('strangers and those who stop inside a frame are cut off', async () => {
    const silent = await dial(impatient);
    const halfway = await dial(impatient);
    halfway.socket.write(login('a'));
    await eventually('it is let in', () => halfway.answers.length === 1);
    halfway.socket.write('500#{"pattern"');
    await Promise.all([silent.closed(), halfway.closed()]);
    expect(silent.answers).toMatchObject([{ err: { code: 'request_timeout' } }]);
    expect(halfway.answers[1]).toMatchObject({ err: { code: 'request_timeout' } });
  });

  test('who asks much and never reads costs bounded memory', async () => {
    const { socket, closed } = await dial();
    socket.pause();
    const data = { token, pad: 'x'.repeat(1_000) };
    const one = frameOf(JSON.stringify({ pattern: 'nothing', data, id: '1' }));
    socket.write(one.repeat(30_000));
    // The server stops reading while its answers wait, so that ours cannot leave either.
    let seen = 0;
    let still = 0;
    await eventually(
      'it stands still',
      () => {
        still = seen === socket.writableLength ? still + 1 : 0;
        seen = socket.writableLength;
        return still > 10;
      },
      30_000,
    );
    expect(seen).toBeGreaterThan(1_000_000);
    socket.destroy();
    await closed();
    const next = await dial();
    next.socket.write(login('next'));
    await eventually('others are served', () => next.answers.length === 1);
  }, 60_000);
});

describe('a daemon', () => {
  test('listens where PETPRO_TCP_PORT says, answers what is under way, and leaves', async () => {
    const port = await freePort();
    const env = { ...harness.env, PETPRO_TCP_PORT: String(port) };
    const log = openLog({ level: 'silent' });
    const daemon = await startDaemon(loadConfig({ env }), log);
    const taken = startDaemon(loadConfig({ env }), log);
    await expect(taken).rejects.toMatchObject({ code: 'unavailable', facts: { port } });
    const { socket, answers, closed } = await dial({ port, stop: async () => {} });
    socket.write(login('a'));
    await eventually('the answer', () => answers.length === 1);
    await daemon.stop();
    await closed();
    expect(answers[0]?.response).toMatchObject({ role: 'desk' });
  });
});
