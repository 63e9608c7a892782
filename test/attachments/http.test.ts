import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { mayAccess, roles } from '../../src/domain/roles.ts';
import { eventually } from '../helpers/poll.ts';
import { call, codeOf, member, send, startHarness } from '../http/harness.ts';
import { attachFile, tiny_pdf } from '../http/papers.ts';
import { buildWorld, freshBooking, must, unknown_id, type World } from '../http/world.ts';
import { download, listed, pdf, sha256, upload } from './files.ts';

const bytes_max = 200_000;
const harness = await startHarness({
  PETPRO_ONLY: 'api',
  PETPRO_ATTACHMENT_BYTES_MAX: String(bytes_max),
});
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const folder = path.join(harness.env['PETPRO_HOME'] ?? '', 'attachments');

/** Every file below the folder. */
function filesIn(dir: string): readonly string[] {
  if (!fs.existsSync(dir)) return [];
  const found = fs.readdirSync(dir, { recursive: true, encoding: 'utf8', withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
}

/** Runs it and checks that neither a row nor a file came of it. */
async function leavesNothing<T>(work: () => Promise<T>): Promise<T> {
  const rows = async () => await harness.sql`select id from booking_attachments order by id`;
  const before = [await rows(), filesIn(folder)];
  const result = await work();
  expect([await rows(), filesIn(folder)]).toEqual(before);
  return result;
}

describe('a file', () => {
  test('comes back as it was sent, to be saved and never shown', async () => {
    const booking_id = await freshBooking(world);
    const bytes = pdf(150_000);
    const sent = await upload(world, booking_id, bytes, { name: 'レントゲン 1.pdf' });
    expect(sent.status).toBe(201);
    expect(sent.json).toMatchObject({
      file_name: 'レントゲン 1.pdf',
      file_size: 150_000,
      file_type: 'application/pdf',
      sha256: sha256(bytes),
      uploaded_by_owner: true,
    });
    expect(sent.text).not.toContain('file_url');
    const attachment_id = must(sent, 'attachment_id');
    const got = await download(world, { booking_id, attachment_id }, world.tokens.viewer);
    expect(got.status).toBe(200);
    expect(sha256(got.bytes)).toBe(sha256(bytes));
    const headers = Object.fromEntries(got.headers);
    expect(headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': '150000',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-disposition':
        'attachment; filename="_____ 1.pdf"; filename*=UTF-8\'\'%E3%83%AC%E3%83%B3%E3%83%88%E3%82%B2%E3%83%B3%201.pdf',
    });
    expect(headers['content-security-policy']).toContain('sandbox');
    expect(member((await listed(world, booking_id)).json, 'items')).toEqual([sent.json]);
    expect(filesIn(path.join(folder, 'incoming'))).toEqual([]);
  });

  test.each([
    ['../../x', 'x.pdf'],
    ['C:\\docs\\scan.PDF', 'scan.pdf'],
    ['evil.html', 'evil.html.pdf'],
    ['.pdf', 'pdf.pdf'],
    ['a\u0000\u001b[31m\u202efdp.exe', 'a[31mfdp.exe.pdf'],
    ['cafe\u0301.pdf', 'caf\u00e9.pdf'],
  ])('named %j is kept as %j', async (name, kept) => {
    const booking_id = await freshBooking(world);
    // NUL cannot be stored and is refused at the door; the rest of it is cleaned.
    const sent = await upload(world, booking_id, tiny_pdf, { name: name.replace('\0', '') });
    expect(member(sent.json, 'file_name')).toBe(kept);
  });

  test('with a name of 900 signs keeps its ending', async () => {
    const sent = await upload(world, await freshBooking(world), tiny_pdf, {
      name: `${'犬'.repeat(900)}.pdf`,
    });
    const name = String(member(sent.json, 'file_name'));
    expect(name).toMatch(/^犬+\.pdf$/);
    expect(Buffer.byteLength(name)).toBeLessThan(256);
  });

  test('is sent once under one Idempotency-Key; another file is a conflict', async () => {
    const booking_id = await freshBooking(world);
    const headers = { 'idempotency-key': 'one file' };
    const first = await upload(world, booking_id, pdf(5_000), { headers });
    const before = filesIn(folder);
    const again = await upload(world, booking_id, pdf(5_000), { headers });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toEqual(first.json);
    expect(codeOf(await upload(world, booking_id, pdf(5_001), { headers }))).toBe('conflict');
    expect(filesIn(folder)).toEqual(before);
  });

  test('that was damaged on the disk is not given out whole', async () => {
    const small = await attachFile(world, await freshBooking(world));
    const booking_id = await freshBooking(world);
    const sent = await upload(world, booking_id, pdf(190_000));
    const large = { booking_id, attachment_id: must(sent, 'attachment_id') };
    for (const { attachment_id } of [small, large]) {
      const file = filesIn(folder).find((name) => name.endsWith(attachment_id)) ?? '';
      const bytes = fs.readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      fs.writeFileSync(file, bytes);
    }
    expect((await download(world, small)).status).toBe(500);
    await expect(download(world, large)).rejects.toThrow();
    const file = filesIn(folder).find((name) => name.endsWith(small.attachment_id)) ?? '';
    fs.rmSync(file);
    const gone = await send(
      world.base,
      `/v1/bookings/${small.booking_id}/attachments/${small.attachment_id}`,
      { token: world.tokens.customer },
    );
    expect(member(gone.json, 'rule')).toBe('file_missing');
  });
});

describe('bad input', () => {
  test.each([
    ['zero bytes', new Uint8Array(), {}, 'invalid_input'],
    ['another kind than announced', pdf(500), { type: 'image/png' }, 'invalid_input'],
    ['a kind that is not taken', pdf(500), { type: 'text/html' }, 'unsupported_media_type'],
    ['no kind of media', pdf(500), { type: 'nonsense' }, 'unsupported_media_type'],
    ['too many bytes', pdf(bytes_max + 1), {}, 'payload_too_large'],
    ['a name that is nothing', tiny_pdf, { name: '../..' }, 'invalid_input'],
    ['an unknown field', tiny_pdf, { query: { surprise: '1' } }, 'invalid_input'],
    [
      'a broken key',
      tiny_pdf,
      { headers: { 'idempotency-key': 'k'.repeat(201) } },
      'invalid_input',
    ],
    ['secrets of a customer', tiny_pdf, { query: { internal: '1' } }, 'forbidden'],
  ] as const)('%s: refused, nothing kept', async (_, bytes, more, code) => {
    const booking_id = await freshBooking(world);
    const answer = await leavesNothing(() => upload(world, booking_id, bytes, more));
    expect({ code: codeOf(answer), text: answer.text }).toMatchObject({ code });
  });

  test('one byte less than too many is taken', async () => {
    const answer = await upload(world, await freshBooking(world), pdf(bytes_max));
    expect(answer.status).toBe(201);
  });

  test('bookings of others and unknown ones do not exist', async () => {
    const booking_id = await freshBooking(world);
    await leavesNothing(async () => {
      for (const token of [world.other_customer, world.other_desk]) {
        const answer = await upload(world, booking_id, tiny_pdf, { token });
        expect(codeOf(answer)).toBe('not_found');
      }
      expect(codeOf(await upload(world, unknown_id(), tiny_pdf))).toBe('not_found');
    });
    const file = await attachFile(world, await freshBooking(world));
    for (const token of [world.other_customer, world.other_desk]) {
      expect((await download(world, file, token)).status).toBe(404);
      expect(codeOf(await listed(world, file.booking_id, { token }))).toBe('not_found');
      const gone = await call(world.base, 'delete_attachment', { params: file }, { token });
      expect(codeOf(gone)).toBe('not_found');
    }
    const elsewhere = { ...file, booking_id };
    expect((await download(world, elsewhere)).status).toBe(404);
  });

  test.each(roles)('the role %s sends and reads as the table says', async (role) => {
    const token = world.tokens[role];
    const booking_id = await freshBooking(world);
    const sent = await upload(world, booking_id, tiny_pdf, { token });
    expect(sent.status).toBe(mayAccess(role, 'own_or_desk') ? 201 : 403);
    const got = await download(world, await attachFile(world, await freshBooking(world)), token);
    expect(got.status).toBe(mayAccess(role, 'own_or_reader') ? 200 : 403);
  });

  test('nobody without a token sends or reads', async () => {
    const file = await attachFile(world, await freshBooking(world));
    expect((await upload(world, file.booking_id, tiny_pdf, { token: 'x' })).status).toBe(401);
    expect((await download(world, file, 'x')).status).toBe(401);
  });
});

/** Opens a connection and sends the head of an upload by hand, so that lengths may lie. */
async function byHand(booking_id: string, head: readonly string[]) {
  const { hostname, port } = new URL(world.base);
  const socket = net.connect(Number(port), hostname);
  await once(socket, 'connect');
  const lines = [
    `POST /v1/bookings/${booking_id}/attachments?name=a.pdf HTTP/1.1`,
    'host: x',
    `authorization: Bearer ${world.tokens.customer}`,
    'content-type: application/pdf',
    ...head,
    '',
    '',
  ];
  socket.write(lines.join('\r\n'));
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  return { socket, answer: () => answer };
}

describe('lengths that lie', () => {
  test('a huge one is refused before its bytes', async () => {
    const booking_id = await freshBooking(world);
    const { socket, answer } = await byHand(booking_id, ['content-length: 99999999']);
    socket.end();
    await once(socket, 'close');
    await leavesNothing(async () => expect(answer()).toMatch(/^HTTP\/1\.1 (413|400)/));
  });

  test('more than announced ends the connection; what came first is a file or nothing', async () => {
    const booking_id = await freshBooking(world);
    const { socket, answer } = await byHand(booking_id, ['content-length: 15']);
    socket.write('%PDF-1.4\n%%EOF\nand more of it\r\n\r\n');
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 (201|400)/);
    expect(answer().endsWith('more of it')).toBe(false);
    const items = member((await listed(world, booking_id)).json, 'items');
    // The announced bytes are a whole file of their own, whether or not its answer came through.
    for (const item of Array.isArray(items) ? items : [])
      expect(item).toMatchObject({ file_size: 15 });
  });

  test('less than announced, then hung up: nothing is kept', async () => {
    const booking_id = await freshBooking(world);
    await leavesNothing(async () => {
      const { socket } = await byHand(booking_id, ['content-length: 1000']);
      socket.write('%PDF-1.4\n');
      await eventually(
        'the upload began',
        () => filesIn(path.join(folder, 'incoming')).length === 1,
      );
      socket.destroy();
      await eventually(
        'it was thrown away',
        () => filesIn(path.join(folder, 'incoming')).length === 0,
      );
    });
  });

  test('none at all, and no end: cut off at the limit', async () => {
    const booking_id = await freshBooking(world);
    await leavesNothing(async () => {
      const { socket, answer } = await byHand(booking_id, ['transfer-encoding: chunked']);
      const piece = Buffer.from(pdf(65_536));
      for (let sent = 0; sent < 4; sent += 1) {
        socket.write('10000\r\n');
        socket.write(piece);
        socket.write('\r\n');
      }
      socket.write('0\r\n\r\n');
      await eventually('an answer', () => answer() !== '');
      expect(answer()).toMatch(/^HTTP\/1\.1 413/);
      socket.destroy();
    });
  });
});

describe('limits of a booking', () => {
  test('of two files at once the last place takes one', async () => {
    const booking_id = await freshBooking(world);
    for (let sent = 0; sent < 19; sent += 1) {
      expect((await upload(world, booking_id, tiny_pdf)).status).toBe(201);
    }
    const before = filesIn(folder).length;
    const both = await Promise.all([
      upload(world, booking_id, pdf(100_000)),
      upload(world, booking_id, pdf(100_000)),
      upload(world, booking_id, pdf(100_000)),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 422, 422]);
    expect(both.map(({ json }) => member(json, 'rule'))).toContain('too_many_files');
    expect(filesIn(folder).length).toBe(before + 1);
  });

  test('all its files together have a size', async () => {
    const booking_id = await freshBooking(world);
    expect((await upload(world, booking_id, tiny_pdf)).status).toBe(201);
    await harness.sql`
      update booking_attachments set file_size = 26214400 where booking_id = ${booking_id}`;
    await harness.sql`
      insert into booking_attachments (booking_id, file_name, file_url, file_type, file_size, sha256)
      values (
        ${booking_id}, 'a.pdf', 'file:planted', 'application/pdf', 26214398, ${'0'.repeat(64)}
      )`;
    const answer = await leavesNothing(() => upload(world, booking_id, tiny_pdf));
    expect(member(answer.json, 'rule')).toBe('too_many_bytes');
  });
});

describe('files of the clinic', () => {
  test('are the owner’s to read unless they are internal, and not theirs to remove', async () => {
    const booking_id = await freshBooking(world);
    const token = world.tokens.desk;
    const shared = must(await upload(world, booking_id, tiny_pdf, { token }), 'attachment_id');
    const query = { internal: '1', description: 'for the vet' };
    const kept = must(await upload(world, booking_id, tiny_pdf, { token, query }), 'attachment_id');
    const seen = member((await listed(world, booking_id)).json, 'items');
    expect(seen).toMatchObject([{ attachment_id: shared }]);
    const at = (attachment_id: string) => ({ booking_id, attachment_id });
    expect((await download(world, at(kept))).status).toBe(404);
    expect((await download(world, at(kept), token)).status).toBe(200);
    const remove = (id: string, as: string) =>
      call(world.base, 'delete_attachment', { params: at(id) }, { token: as });
    const refused = await remove(shared, world.tokens.customer);
    expect(member(refused.json, 'rule')).toBe('not_your_file');
    expect(codeOf(await remove(kept, world.tokens.customer))).toBe('not_found');
    expect((await remove(shared, token)).json).toEqual({ success: true });
    expect(codeOf(await remove(shared, token))).toBe('not_found');
    expect(filesIn(folder).some((name) => name.endsWith(shared))).toBe(false);
  });
});
