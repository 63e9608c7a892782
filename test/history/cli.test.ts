import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';

/** A daemon as it runs, and operators at a shell: `petpro retention`. */

const harness = await startHarness();
let world: World;
let other_sre = '';

beforeAll(async () => {
  world = await buildWorld(harness);
  other_sre = await harness.addKey('sre', world.other_clinic.id);
});

const run = (words: readonly string[], token = world.tokens.sre) =>
  cli(['retention', ...words], { env: { PETPRO_URL: world.base, PETPRO_TOKEN: token } });
const itemsOf = (out: string) => JSON.parse(out).items;

test('retention list says what is kept, and with --count what would go', async () => {
  const { out, code, err } = await run(['list', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const kept = itemsOf(out).map((one: Record<string, unknown>) => [one['what'], one['keep_days']]);
  // docs/history.md
  expect(kept).toEqual([
    ['claims', 90],
    ['deliveries', 400],
    ['holds', 180],
    ['notifications', 400],
    ['platform_events', 30],
    ['provider_events', 400],
    ['reminders', 400],
    ['replays', 400],
    ['slots', null],
    ['waitlist', 800],
  ]);
  expect(itemsOf(out)[0]).toMatchObject({ due_count: null, table_name: 'slot_claims' });
  const counted = await run(['list', '--count', '--json']);
  expect(itemsOf(counted.out)[0]).toMatchObject({ due_count: 0 });
  expect((await run(['list'])).out).toContain('slots\tfor ever\toff');
  expect((await run(['list', '-o', 'csv'])).out).toMatch(/^what,keep_days,min_days,state/);
});

test('a round that was asked for removes what is due; a dry run only counts it', async () => {
  await harness.sql`
    insert into webhook_events (event_id, event_type, payload, received_at)
    values ('evt_of_old', 'charge.refunded', '{}', now() - interval '500 days')`;
  const dry = await run(['run', 'provider_events', '--dry-run', '--json']);
  expect(itemsOf(dry.out)).toMatchObject([{ what: 'provider_events', due_count: 1 }]);
  expect((await run(['run', 'provider_events'])).err).toContain('Say why');
  const unsure = await run(['run', 'provider_events', '--reason', 'disk']);
  expect(unsure).toMatchObject({ code: 2 });
  expect(unsure.err).toContain('--confirm provider_events');
  const told = await run(['run', 'provider_events', '--reason', 'disk', '--yes']);
  expect(told).toMatchObject({ code: 0 });
  // As the worker, whose half minute a test does not wait for.
  await harness.sql`select * from prune_bite('provider_events', 32, 1000)`;
  await eventually('the old event is gone', async () => {
    const rows = await harness.sql`select 1 from webhook_events where event_id = 'evt_of_old'`;
    return rows.length === 0;
  });
  const { out } = await run(['list', '--json=what,last_count']);
  expect(out).toContain('"what":"provider_events","last_count":1');
  const audit = await harness.sql`
    select target_id, reason from audit_log where action = 'retention.run'`;
  expect(audit).toEqual([{ target_id: 'provider_events', reason: 'disk' }]);
});

test('admins change how long something is kept, not below what is still looked at', async () => {
  const words = ['set', 'holds', '1y', '--reason', 'auditors'];
  const refused = await run(words);
  expect(refused).toMatchObject({ code: 5 });
  const done = await run([...words, '--json'], world.tokens.admin);
  expect(done).toMatchObject({ code: 0 });
  expect(itemsOf(done.out)).toMatchObject([{ what: 'holds', keep_days: 365, version: 2 }]);
  const stale = await run([...words, '--if-version', '1'], world.tokens.admin);
  expect(stale).toMatchObject({ code: 6 });
  const short = await run(['set', 'holds', '3d', '--reason', 'x'], world.tokens.admin);
  expect(short).toMatchObject({ code: 9 });
  expect(short.err).toContain('at least 30 days');
  expect(short.err).toContain('petpro retention set holds 30d');
  const odd = await run(['set', 'holds', 'soon', '--reason', 'x'], world.tokens.admin);
  expect(odd).toMatchObject({ code: 2 });
  expect(odd.err).toContain('400d, 52w, 2y or for-ever');
  const unknown = await run(['set', 'bookings', '2y', '--reason', 'x'], world.tokens.admin);
  expect(unknown).toMatchObject({ code: 3 });
  expect(unknown.err).toContain('next: petpro retention list');
  const for_ever = ['set', 'holds', 'for-ever', '--reason', 'x'];
  expect(await run(for_ever, world.tokens.admin)).toMatchObject({ code: 0 });
  const nothing = await run(['run', 'holds', '--reason', 'x', '--yes']);
  expect(nothing).toMatchObject({ code: 9 });
  expect(nothing.err).toContain('kept for ever');
  const audit = await harness.sql<{ before: unknown; after: unknown }[]>`
    select before, after from audit_log where action = 'retention.set' order by id`;
  expect(audit).toEqual([
    { before: { keep_days: 180 }, after: { keep_days: 365 } },
    { before: { keep_days: 365 }, after: { keep_days: null } },
  ]);
});

test('a key of one clinic is refused: the rules are of all', async () => {
  expect(await run(['list'], other_sre)).toMatchObject({ code: 5 });
});
