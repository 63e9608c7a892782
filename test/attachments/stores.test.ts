import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openDiskObjects } from '../../src/daemon/adapters/object-disk.ts';
import { assertRoom, receiveTo } from '../../src/daemon/adapters/object-receive.ts';
import { openS3Objects } from '../../src/daemon/adapters/object-s3.ts';
import { openObjects } from '../../src/daemon/adapters/object-stores.ts';
import type { ObjectStore, ReceivedFile } from '../../src/domain/attachment.ts';
import { pdf, sha256 } from './files.ts';
import { s3_keys, startS3 } from './s3-server.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-objects-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
const s3 = await startS3('papers');
const place = { endpoint: s3.endpoint, bucket: 'papers', ...s3_keys };

async function* inPieces(bytes: Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const part = () => path.join(dir, `${randomUUID()}.part`);
const limits = { file_type: 'application/pdf', bytes_max: 1_000_000 } as const;
const receive = (bytes: Uint8Array): Promise<ReceivedFile> =>
  receiveTo(part(), inPieces(bytes), limits);

async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

const store_id = '0123456789ab';
const newKey = () => {
  const id = randomUUID();
  return `${store_id}/${id.slice(0, 2)}/${id}`;
};

const stores: readonly (readonly [string, ObjectStore])[] = [
  ['a folder', openDiskObjects(path.join(dir, 'objects'))],
  ['a bucket', openS3Objects(place)],
];

describe.each(stores)('%s', (_, store) => {
  test('gives back what was put, until it is removed', async () => {
    const bytes = pdf(150_000);
    const received = await receive(bytes);
    expect(received).toMatchObject({ file_size: 150_000, sha256: sha256(bytes) });
    const url = await store.put(newKey(), received);
    expect(url.startsWith(`${store.scheme}:`)).toBe(true);
    expect(fs.existsSync(received.path)).toBe(false);
    expect(await store.has(url)).toBe(true);
    expect(sha256(await whole(store.read(url)))).toBe(sha256(bytes));
    await store.remove(url);
    expect(await store.has(url)).toBe(false);
    await store.remove(url);
    await expect(whole(store.read(url))).rejects.toThrow();
  });

  test('lists what lies below a prefix, once, page by page', async () => {
    const put = [];
    for (let count = 0; count < 7; count += 1) {
      put.push(await store.put(newKey(), await receive(pdf(500))));
    }
    for (const limit of [1, 2, 3, 100]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await store.list(store_id, cursor, limit);
        expect(page.objects.length).toBeLessThanOrEqual(limit);
        for (const { age_ms } of page.objects) expect(age_ms).toBeLessThan(60_000);
        seen.push(...page.objects.map(({ url }) => url));
        cursor = page.next;
      } while (cursor !== null);
      expect(seen.toSorted()).toEqual(put.toSorted());
    }
    expect((await store.list('ffffffffffff', null, 10)).objects).toEqual([]);
  });
});

describe('a bucket', () => {
  const store = openS3Objects(place);

  test('is asked again when it is busy, and given up after three tries', async () => {
    s3.fail(2, 503);
    const url = await store.put(newKey(), await receive(pdf(300)));
    s3.fail(3, 500);
    await expect(store.has(url)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.has(url)).toBe(true);
  });

  test('that refuses our keys is unavailable, and says nothing of them', async () => {
    const received = await receive(pdf(300));
    const wrong = openS3Objects({ ...place, secret_key: 'another' });
    const failed = await wrong.put(newKey(), received).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'unavailable' });
    expect(String(Reflect.get(Object(failed), 'cause'))).toContain('SignatureDoesNotMatch');
    expect(JSON.stringify(failed)).not.toContain('another');
    const elsewhere = openS3Objects({ ...place, region: 'mars-1' });
    await expect(elsewhere.has('s3://papers/x')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.has('s3://other/x')).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('notices bytes that changed on the way', async () => {
    const received = await receive(pdf(300));
    fs.writeFileSync(received.path, pdf(301));
    await expect(store.put(newKey(), received)).rejects.toMatchObject({ code: 'unavailable' });
    expect(s3.calls.at(-1)).toMatch(/ 403$/);
  });
});

describe('receiving', () => {
  test.each([
    ['nothing', new Uint8Array(), 'invalid_input'],
    ['another kind', new TextEncoder().encode('<html>'), 'invalid_input'],
    ['another kind, and long', new Uint8Array(5_000), 'invalid_input'],
    ['too much', pdf(1_000_001), 'payload_too_large'],
  ])('%s leaves nothing', async (_, bytes, code) => {
    const file = part();
    await expect(receiveTo(file, inPieces(bytes), limits)).rejects.toMatchObject({ code });
    expect(fs.existsSync(file)).toBe(false);
  });

  test('stops at the first bytes that are of another kind', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked += 1;
        yield new Uint8Array(100);
      }
    }
    await expect(receiveTo(part(), endless(), limits)).rejects.toThrow('announced');
    expect(asked).toBeLessThan(4);
  });

  test('tells the kind also from single bytes', async () => {
    expect(await receiveTo(part(), inPieces(pdf(200), 1), limits)).toMatchObject({
      file_size: 200,
    });
  });

  test('on a full disk says so and leaves nothing', async () => {
    const spare = fs.statfsSync(dir).bavail * fs.statfsSync(dir).bsize;
    await expect(assertRoom(dir, spare * 2)).rejects.toMatchObject({ code: 'storage_full' });
    await assertRoom(dir, 1);
    // Linux has a file on which every write finds the disk full; elsewhere the look above is all.
    if (!fs.existsSync('/dev/full')) return;
    const file = part();
    fs.symlinkSync('/dev/full', file);
    const failed = receiveTo(file, inPieces(pdf(5_000)), limits);
    await expect(failed).rejects.toMatchObject({
      code: 'storage_full',
      detail: expect.stringContaining('nothing was kept'),
    });
    expect(fs.existsSync(file)).toBe(false);
    expect(fs.existsSync('/dev/full')).toBe(true);
  });
});

describe('the settings', () => {
  const env = {
    PETPRO_HOME: dir,
    PETPRO_S3_BUCKET: 'papers',
    PETPRO_S3_ENDPOINT: s3.endpoint,
    PETPRO_S3_REGION: s3_keys.region,
    PETPRO_S3_ACCESS_KEY: s3_keys.access_key,
  };

  test('of a bucket are complete or refused; the secret may lie in a file', async () => {
    expect(() => loadConfig({ env })).toThrow('PETPRO_S3_BUCKET needs');
    const file = path.join(dir, 'secret');
    fs.writeFileSync(file, `${s3_keys.secret_key}\n`);
    const { current } = openObjects(
      loadConfig({ env: { ...env, PETPRO_S3_SECRET_KEY_FILE: file } }),
    );
    expect(current.scheme).toBe('s3');
    expect(await current.has('s3://papers/nothing')).toBe(false);
    const away = { ...env, PETPRO_S3_SECRET_KEY_FILE: path.join(dir, 'nowhere') };
    expect(() => openObjects(loadConfig({ env: away }))).toThrow('cannot be read');
  });

  test('that change from folder to bucket leave the old files readable', async () => {
    const old = openObjects(loadConfig({ env: { PETPRO_HOME: dir } }));
    const url = await old.current.put(newKey(), await receive(pdf(700)));
    const moved = openObjects(
      loadConfig({ env: { ...env, PETPRO_S3_SECRET_KEY: s3_keys.secret_key } }),
    );
    expect(await moved.storeOf(url).has(url)).toBe(true);
    expect(() => old.storeOf('s3://papers/x')).toThrow('not configured');
  });
});
