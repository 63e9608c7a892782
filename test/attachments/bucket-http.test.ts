import { beforeAll, expect, test } from 'vitest';
import { call, codeOf, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, must, type World } from '../http/world.ts';
import { download, pdf, sha256, upload } from './files.ts';
import { s3_keys, startS3 } from './s3-server.ts';

const s3 = await startS3('papers');
const harness = await startHarness({
  PETPRO_ONLY: 'api',
  PETPRO_S3_BUCKET: 'papers',
  PETPRO_S3_ENDPOINT: s3.endpoint,
  PETPRO_S3_REGION: s3_keys.region,
  PETPRO_S3_ACCESS_KEY: s3_keys.access_key,
  PETPRO_S3_SECRET_KEY: s3_keys.secret_key,
});
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

test('files go to the bucket and come back through the daemon', async () => {
  const booking_id = await freshBooking(world);
  const bytes = pdf(3_000_000);
  const sent = await upload(world, booking_id, bytes);
  expect(sent.status).toBe(201);
  const file = { booking_id, attachment_id: must(sent, 'attachment_id') };
  const [key = '', stored] = [...s3.objects][0] ?? [];
  expect(key.endsWith(file.attachment_id)).toBe(true);
  expect(stored?.type).toBe('application/pdf');
  const got = await download(world, file);
  expect(sha256(got.bytes)).toBe(sha256(bytes));
  stored?.bytes.writeUInt8(0, 2_000_000);
  await expect(download(world, file)).rejects.toThrow();
  const token = world.tokens.customer;
  expect((await call(world.base, 'delete_attachment', { params: file }, { token })).status).toBe(
    200,
  );
  expect(s3.objects.size).toBe(0);
});

test('files that no booking names are swept, younger ones and those of others are not', async () => {
  const sent = await upload(world, await freshBooking(world), pdf(1_000));
  const [named = ''] = [...s3.objects.keys()];
  expect(named.endsWith(must(sent, 'attachment_id'))).toBe(true);
  const [store_id] = named.split('/');
  const plant = (key: string, hours: number) => {
    const written = new Date(Date.now() - hours * 3_600_000);
    s3.objects.set(key, { bytes: Buffer.from('x'), type: 'application/pdf', written });
  };
  plant(`${store_id}/aa/old`, 30);
  plant(`${store_id}/bb/young`, 1);
  plant('ffffffffffff/aa/of-another-database', 300);
  const token = world.tokens.sre;
  const sweep = (body: unknown) => call(world.base, 'sweep_attachments', { body }, { token });
  const rehearsal = await sweep({ dry_run: true });
  expect(rehearsal.json).toMatchObject({ looked_at: 3, orphans: 1, removed: 0, missing: [] });
  expect((await sweep({})).json).toMatchObject({ orphans: 1, removed: 1, next_cursor: null });
  expect([...s3.objects.keys()].toSorted()).toEqual(
    [named, `${store_id}/bb/young`, 'ffffffffffff/aa/of-another-database'].toSorted(),
  );
  s3.objects.delete(named);
  const missing = [{ attachment_id: must(sent, 'attachment_id') }];
  expect((await sweep({ dry_run: true })).json).toMatchObject({ missing });
});

test('a bucket that is away is 503, and nothing is promised', async () => {
  const booking_id = await freshBooking(world);
  s3.fail(3, 503);
  const failed = await upload(world, booking_id, pdf(1_000));
  expect(codeOf(failed)).toBe('unavailable');
  expect(Number(failed.headers.get('retry-after'))).toBeGreaterThan(0);
  const rows = await harness.sql`
    select id from booking_attachments where booking_id = ${booking_id}`;
  expect(rows).toHaveLength(0);
  expect((await upload(world, booking_id, pdf(1_000))).status).toBe(201);
});
