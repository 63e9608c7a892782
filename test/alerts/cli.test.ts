import { beforeAll, beforeEach, expect, test } from 'vitest';
import { evaluateAlerts } from '../../src/daemon/workers/alerts.ts';
import { cli } from '../cli/harness.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { openScene, type Scene } from '../kpi/scene.ts';

/** Figures and alerts as somebody who was just woken meets them. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
const { app } = harness.daemon;
let world: World;
let scene: Scene;

beforeAll(async () => {
  world = await buildWorld(harness);
  scene = openScene(app);
});

beforeEach(async () => {
  await sql`update inventory_state set findings = '{}', looked_at = now()`;
  await sql`delete from alerts`;
  await sql`delete from alert_changes`;
  await scene.look();
});

const run = (words: readonly string[], more: { token?: string; terminal?: number } = {}) => {
  const { token = world.tokens.sre, terminal } = more;
  return cli(words, {
    env: { PETPRO_URL: world.base, PETPRO_TOKEN: token, NO_COLOR: '1' },
    ...(terminal === undefined ? {} : { terminal }),
  });
};

const breakInventory = async () => {
  await sql`update inventory_state set findings = '{"invariant.capacity": 1}'`;
  await evaluateAlerts(app);
};

test('while all is well the list says so, and the exit code too', async () => {
  const { out, code } = await run(['alerts', 'list'], { terminal: 80 });
  expect(code).toBe(0);
  expect(out).toMatch(/^inventory_mismatch +ok +0 +> 0/m);
  for (const line of out.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(await run(['alerts', 'list', '--firing'])).toMatchObject({
    code: 0,
    out: '',
    err: 'Nothing fires.\n',
  });
});

test('a critical one is exit code 10, with what it means and the next command', async () => {
  await breakInventory();
  const { out, err, code } = await run(['alerts', 'list', '--firing'], { terminal: 80 });
  expect(code).toBe(10);
  expect(out).toMatch(/^inventory_mismatch +CRITICAL +1 +> 0 +\d{4}-\d\d-\d\d \d\d:\d\d/m);
  expect(err).toContain('inventory_mismatch: capacity 1. Rows contradict each other');
  expect(err).toContain('next: petpro reconcile run --fix --dry-run\n');
  const quiet = await run(['alerts', 'list', '--firing', '--json']);
  expect(quiet).toMatchObject({ code: 10, err: '' });
  expect(JSON.parse(quiet.out)).toMatchObject({
    kind: 'AlertList',
    items: [{ name: 'inventory_mismatch', state: 'firing', severity: 'critical', value: 1 }],
    error: null,
  });
});

test('acknowledged it is still 10, muted it is not', async () => {
  await breakInventory();
  const acked = await run(['alerts', 'ack', 'inventory_mismatch', '--reason', 'looking']);
  expect(acked.out).toContain('state\tCRITICAL, acked\n');
  expect((await run(['alerts', 'list'])).code).toBe(10);
  const words = ['alerts', 'mute', 'inventory_mismatch', '--for', '2h', '--reason', 'known'];
  expect((await run(words)).out).toContain('state\tCRITICAL, muted\n');
  const { code, out } = await run(['alerts', 'list']);
  expect(code).toBe(0);
  expect(out).toContain('CRITICAL, muted');
  expect((await run(['alerts', 'unmute', 'inventory_mismatch'])).code).toBe(0);
  expect((await run(['alerts', 'list'])).code).toBe(10);
  const log = JSON.parse((await run(['alerts', 'log', '--json'])).out);
  expect(log.items.map(({ change }: { change: string }) => change)).toEqual([
    'unmuted',
    'muted',
    'acked',
    'fired',
  ]);
});

test('mistakes are told with a way on', async () => {
  const not_firing = await run(['alerts', 'ack', 'disk']);
  expect(not_firing.code).toBe(9);
  expect(not_firing.err).toContain('next: petpro alerts mute disk');
  expect(await run(['alerts', 'mute', 'dsk', '--reason', 'x'])).toMatchObject({ code: 3 });
  const silent = await run(['alerts', 'mute', 'disk']);
  expect(silent.code).toBe(2);
  expect(silent.err).toContain('--reason');
  for (const time of ['9x', '30s', '8d', '1.5h']) {
    const wrong = await run(['alerts', 'mute', 'disk', '--for', time, '--reason', 'x']);
    expect(wrong.code, time).toBe(2);
  }
  expect(await run(['alerts', 'ack', 'disk'], { token: world.tokens.viewer })).toMatchObject({
    code: 5,
  });
});

test('nobody having looked for a minute is said aloud', async () => {
  await sql`update kpi_state set looked_at = now() - interval '5 minutes'`;
  const { err } = await run(['alerts', 'list']);
  expect(err).toContain('STALE: nobody has looked for a minute.');
  expect(err).toContain('next: petpro health --ready');
});

test('a test fires and is a warning only', async () => {
  expect((await run(['alerts', 'test', '--for', '10s'])).code).toBe(0);
  await evaluateAlerts(app);
  const { out, code } = await run(['alerts', 'list', '--firing']);
  expect(code).toBe(0);
  expect(out).toContain('test\tWARNING\t');
  await sql`update kpi_state set test_until = null`;
});

test('metrics show fits a terminal, and is whole for programs', async () => {
  await freshBooking(world);
  await scene.look();
  const { out, err, code } = await run(['metrics', 'show'], { terminal: 80 });
  expect(code).toBe(0);
  expect(out.trimEnd().split('\n')).toHaveLength(19);
  for (const line of out.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(out).toMatch(/^Conversion % +100 % .*60 min$/m);
  expect(out).toMatch(/^Revenue\/hour +IDR [\d,]+\/h/m);
  expect(out).toMatch(/^Error rate % .* > 5$/m);
  expect(err).toMatch(/^[12] daemons?; bookings and money counted \d\d:\d\d:\d\d UTC/);
  const fields = await run(['metrics', 'show', '--group', 'business', '--json=name,now']);
  expect(JSON.parse(fields.out).items).toHaveLength(5);
  const csv = await run(['metrics', 'show', '--range', '24h', '-o', 'csv']);
  expect(csv.out).toMatch(/^name,group,now,unit,currency/);
});

test('metrics export is what Prometheus reads, or data', async () => {
  const text = (await run(['metrics', 'export', '-o', 'prom'])).out;
  expect(text).toContain('# TYPE petpro_hold_tries_total counter\n');
  expect((await run(['metrics', 'export'])).out).toContain('# TYPE petpro_hold_tries_total');
  const { items } = JSON.parse((await run(['metrics', 'export', '--json'])).out);
  expect(items).toContainEqual({
    name: 'petpro_alert_state',
    labels: { alert: 'disk', severity: 'critical', muted: '0' },
    value: '0',
  });
  const nobody = await cli(['metrics', 'export'], {
    env: { PETPRO_URL: 'http://127.0.0.1:1', PETPRO_TOKEN: 'x' },
  });
  expect(nobody.code).toBe(11);
});

test('scripts tell of backups and of waiting', async () => {
  const note = await run(['backups', 'note', 'nightly.dump', '--bytes', '12', '--verified']);
  expect(note.out).toMatch(/^noted\tnightly\.dump at 20/);
  expect((await run(['backups', 'note', 'x', '--bytes', 'many'])).code).toBe(2);
  expect((await run(['metrics', 'report', 'slots', '120ms'])).out).toBe('taken\tslots 120 ms\n');
  expect((await run(['metrics', 'report', 'nowhere', '120ms'])).code).toBe(2);
  expect((await run(['metrics', 'report', 'slots', 'soon'])).code).toBe(2);
});
