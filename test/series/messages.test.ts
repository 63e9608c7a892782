import { expect, test } from 'vitest';
import { cancelSeries, moveSeries } from '../../src/daemon/actions/change-series.ts';
import { listUndoable, undoBooking } from '../../src/daemon/actions/undo-booking.ts';
import { expectProblem, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { addSeriesScene, mustCreate } from './scene.ts';

const { app, sql, drain, mail } = await openBench();
const desk = staff('desk');

const seen = new Set<string>();
/** Mails since the last look. */
async function next() {
  await drain('relay', 'dispatcher');
  const fresh = mail.list().filter(({ id }) => !seen.has(id));
  for (const { id } of fresh) seen.add(id);
  return fresh;
}

test('one mail tells of all visits when a series is made and when it moves', async () => {
  const scene = await addSeriesScene(sql, { vets: 1 });
  const { series_id, visits } = await mustCreate(app, scene);
  const [made, ...more] = await next();
  expect(more).toEqual([]);
  expect(made!.subject).toMatch(/^Booked: Mochi, .*\(\+3\)/);
  for (const { reference_code } of visits) expect(made!.text).toContain(reference_code);
  expect(made!.text).toContain('1,000,000');
  await moveSeries(app, desk, {
    series_id,
    scope: 'all',
    by: 'owner',
    quote: false,
    days: 1,
    skip_conflicts: false,
  });
  const [moved, ...others] = await next();
  expect(others).toEqual([]);
  for (const { reference_code } of visits) expect(moved!.text).toContain(reference_code);
  await expectInvariants(sql);
});

test('what is taken back is not told; the rest is; once it has left, nothing is taken back', async () => {
  const scene = await addSeriesScene(sql, { vets: 1, undo_ms: 30_000 });
  const { series_id, visits } = await mustCreate(app, scene);
  await next();
  await cancelSeries(app, desk, { series_id, scope: 'all', by: 'owner', quote: false });
  expect(await next()).toEqual([]);
  const [first, second, third, fourth] = visits.map(({ booking_id }) => booking_id!);
  // The first one carries the message of all.
  await undoBooking(app, desk, { booking_id: first! });
  await undoBooking(app, desk, { booking_id: third! });
  await sql`update deliveries set next_attempt_at = now(), due_at = now() where status = 'pending'`;
  const [told, ...more] = await next();
  expect(more).toEqual([]);
  const refs = visits.map(({ reference_code }) => reference_code!);
  expect(refs.map((ref) => told!.text.includes(ref))).toEqual([false, true, false, true]);
  const late = await expectProblem(
    undoBooking(app, desk, { booking_id: second! }),
    'policy_refused',
  );
  expect(late.facts['rule']).toBe('already_told');
  const left = await listUndoable(app, desk);
  expect(left.items.map(({ booking_id }) => booking_id)).not.toContain(fourth);
  await expectInvariants(sql);
});

test('when all of them are taken back nobody is told', async () => {
  const scene = await addSeriesScene(sql, { vets: 1, undo_ms: 30_000 });
  const { series_id, visits } = await mustCreate(app, scene);
  await next();
  await cancelSeries(app, desk, { series_id, scope: 'all', by: 'owner', quote: false });
  for (const { booking_id } of visits) await undoBooking(app, desk, { booking_id: booking_id! });
  await sql`update deliveries set next_attempt_at = now(), due_at = now() where status = 'pending'`;
  expect(await next()).toEqual([]);
  await expectInvariants(sql);
});
