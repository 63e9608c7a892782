import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';

/** A daemon as it runs, and an operator at a shell. */

const harness = await startHarness();
let world: World;
let other_sre = '';

beforeAll(async () => {
  world = await buildWorld(harness);
  other_sre = await harness.addKey('sre', world.other_clinic.id);
  await eventually('both views are fresh after the start', async () => {
    const rows = await harness.sql`select 1 from views_state where refreshed_at is not null`;
    return rows.length === 2;
  });
});

const run = (words: readonly string[], token = world.tokens.sre) =>
  cli(['views', ...words], { env: { PETPRO_URL: world.base, PETPRO_TOKEN: token } });

test('views list says how old they are and what they cost', async () => {
  // The database is a copy of one that was made when the whole run began.
  await harness.sql`update views_state set refreshed_at = now()`;
  const { out, code, err } = await run(['list', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { items } = JSON.parse(out);
  expect(items).toMatchObject([
    { view_name: 'booking_completion_rates', stale: false, failures_in_row: 0, note: null },
    { view_name: 'search_words', stale: false, failures_in_row: 0, note: null },
    { view_name: 'upcoming_bookings_view', stale: false, row_count: 0, is_concurrent: true },
  ]);
  expect((await run(['list'])).out).toContain('upcoming_bookings_view\tfresh\t');
  expect((await run(['list', '-o', 'csv'])).out).toMatch(/^view_name,as_of,stale,age_ms/);
});

test('one that nobody refreshed for long is labelled stale', async () => {
  await harness.sql`
    update views_state
    set refreshed_at = now() - stale_after_ms * interval '1 ms' - interval '1 s',
      next_at = now() + interval '1 hour'
    where view_name = 'booking_completion_rates'`;
  const { items } = JSON.parse((await run(['list', '--json'])).out);
  expect(items[0]).toMatchObject({ stale: true });
  expect((await run(['list'])).out).toContain('booking_completion_rates\tSTALE\t3h 0m');
});

test('views refresh --wait comes back when the view is fresh', async () => {
  const done = await run(['refresh', 'upcoming', '--concurrently', '--wait', '--json']);
  expect(done.code).toBe(0);
  const [view] = JSON.parse(done.out).items;
  expect(view).toMatchObject({ view_name: 'upcoming_bookings_view', stale: false });
  expect(view.age_ms).toBeLessThan(10_000);
  const plain = await run(['refresh', 'upcoming', '--wait', '20s']);
  expect(plain).toMatchObject({ code: 0 });
  expect(plain.out).toContain('Refreshed\tupcoming_bookings_view');
  const audit = await harness.sql<{ after: { concurrently: boolean } }[]>`
    select after from audit_log where action = 'view.refresh' order by at`;
  expect(audit.map(({ after }) => after.concurrently)).toEqual([true, false]);
});

test('without --wait it is asked for, and done all the same', async () => {
  const asked = await run(['refresh', 'booking']);
  expect(asked.code).toBe(0);
  expect(asked.err).toContain('petpro views list');
  await eventually('it is fresh', async () => {
    const { items } = JSON.parse((await run(['list', '--json'])).out);
    return items[0].stale === false && items[0].requested_at === null;
  });
});

test('a refresh that fails says why', async () => {
  await harness.sql`alter materialized view upcoming_bookings_view rename to hidden_view`;
  const failed = await run(['refresh', 'upcoming', '--wait']);
  expect(failed.code).toBe(11);
  expect(failed.err).toContain('"upcoming_bookings_view" does not exist');
  expect((await run(['list'])).out).toContain('failed 1x');
  const refused = await run(['refresh', 'upcoming', '--concurrently']);
  expect(refused.code).toBe(9);
  expect(refused.err).toContain('next: petpro views refresh upcoming_bookings_view');
  await harness.sql`alter materialized view hidden_view rename to upcoming_bookings_view`;
});

test('refusals: unknown, ambiguous, too short a right, a key of one clinic', async () => {
  const unknown = await run(['refresh', 'revenue']);
  expect(unknown.code).toBe(3);
  expect(unknown.err).toContain(
    'there are booking_completion_rates, search_words, upcoming_bookings_view',
  );
  expect((await run(['refresh', 'upcoming', '--wait', 'soon'])).code).toBe(2);
  expect((await run(['list'], world.tokens.desk)).code).toBe(5);
  expect((await run(['list'], other_sre)).code).toBe(5);
  expect((await run(['refresh', 'upcoming'], other_sre)).code).toBe(5);
});
