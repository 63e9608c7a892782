import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { cancelBooking, setBookingStatus } from '../../src/daemon/store/bookings.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import {
  decideReview,
  editReview,
  findReview,
  readMarks,
  submitReview,
} from '../../src/daemon/store/reviews.ts';
import { customer, desk, eventsOf, mustBook } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  createTestDatabase,
  type OwnerIds,
} from '../helpers/database.ts';

const { sql } = await createTestDatabase();

afterEach(async () => {
  await assertInvariants(sql);
});

type Visit = { readonly booking_id: string; readonly owner: OwnerIds };

async function visit(clinic: Clinic, ending: 'completed' | 'confirmed' = 'completed') {
  const service_id = await addService(sql, clinic);
  const owner = await addOwner(sql);
  const booking_id = await mustBook(sql, await addSlot(sql, clinic, service_id), owner);
  const steps = ending === 'completed' ? (['in-progress', 'completed'] as const) : [];
  for (const status of steps) {
    await setBookingStatus(sql, { booking_id, status, expected_version: null }, desk);
  }
  return { booking_id, owner };
}

const text = (rating: number, ratings_breakdown = {}) => ({
  rating,
  ratings_breakdown,
  comment: null,
  needs_look: false,
});

const submit = ({ booking_id, owner }: Visit, rating: number, breakdown = {}) =>
  submitReview(sql, { booking_id, ...text(rating, breakdown) }, customer(owner.user_id));

async function reviewed(clinic: Clinic, rating: number): Promise<Visit & { review_id: string }> {
  const one = await visit(clinic);
  const { review_id } = await submit(one, rating);
  if (review_id === null) throw new Error('the review was refused');
  return { ...one, review_id };
}

test('of many reviews of one visit at once exactly one stands, with one event', async () => {
  const clinic = await addClinic(sql);
  const one = await visit(clinic);
  const results = await Promise.all([1, 2, 3, 4, 5, 1, 2, 3].map((rating) => submit(one, rating)));
  const won = results.filter(({ outcome }) => outcome === 'ok');
  expect(won).toHaveLength(1);
  for (const lost of results.filter((result) => !won.includes(result))) {
    expect(lost).toMatchObject({ outcome: 'conflict', rule: 'reviewed_already' });
  }
  expect(await eventsOf(sql, won[0]?.review_id ?? '')).toEqual(['review.submitted']);
  const [event] = await sql`
    select aggregate_type, payload from booking_events_outbox
    where event_type = 'review.submitted' and clinic_id = ${clinic.id}`;
  expect(Object.keys(event?.['payload'])).toEqual(
    expect.arrayContaining([
      'review_id',
      'booking_id',
      'user_id',
      'clinic_id',
      'service_id',
      'rating',
      'submitted_at',
    ]),
  );
});

test('visits that did not end well, or long ago, or of somebody else are refused', async () => {
  const clinic = await addClinic(sql);
  const open = await visit(clinic, 'confirmed');
  const not_completed = { outcome: 'policy_refused', rule: 'visit_not_completed' };
  expect(await submit(open, 5)).toMatchObject(not_completed);
  const cancelled = await visit(clinic, 'confirmed');
  const { booking_id: gone } = cancelled;
  const wish = { reason: null, by: 'owner', expected_version: null, quote: false } as const;
  await cancelBooking(sql, { booking_id: gone, ...wish }, desk);
  expect(await submit(cancelled, 5)).toMatchObject(not_completed);
  const missed = await visit(clinic, 'confirmed');
  await sql`
    update bookings set booking_time = now() - interval '1 hour' where id = ${missed.booking_id}`;
  const no_show = { booking_id: missed.booking_id, status: 'no-show' } as const;
  const ended = await setBookingStatus(sql, { ...no_show, expected_version: null }, desk);
  expect(ended.outcome).toBe('ok');
  expect(await submit(missed, 5)).toMatchObject(not_completed);
  const old = await visit(clinic);
  await sql`
    update bookings set completed_at = now() - interval '91 days' where id = ${old.booking_id}`;
  expect(await submit(old, 5)).toMatchObject({ rule: 'review_too_late' });
  const { booking_id } = await visit(clinic);
  const foreign = { booking_id, owner: await addOwner(sql) };
  expect(await submit(foreign, 5)).toMatchObject({ outcome: 'not_found' });
  const by_desk = await submitReview(sql, { booking_id, ...text(5) }, desk);
  expect(by_desk).toMatchObject({ outcome: 'not_found' });
});

test('a review can be changed for a week; a rejected one waits for another look', async () => {
  const { review_id, owner } = await reviewed(await addClinic(sql), 2);
  const actor = customer(owner.user_id);
  const wish = { review_id, expected_version: null, ...text(4) };
  expect(await editReview(sql, { ...wish, expected_version: 7 }, actor)).toMatchObject({
    outcome: 'conflict',
    version: 1,
  });
  expect(await editReview(sql, wish, actor)).toMatchObject({ outcome: 'ok', version: 2 });
  expect(await findReview(sql, review_id)).toMatchObject({ rating: 4, status: 'published' });
  const rejection = { review_id, decision: 'rejected', reason: 'test' } as const;
  await decideReview(sql, { ...rejection, expected_version: null }, desk);
  await editReview(sql, wish, actor);
  const waiting = { status: 'pending', is_published: false, decision_reason: null, version: 4 };
  expect(await findReview(sql, review_id)).toMatchObject(waiting);
  const stranger = customer((await addOwner(sql)).user_id);
  expect(await editReview(sql, wish, stranger)).toMatchObject({ outcome: 'not_found' });
  await sql`update reviews set created_at = now() - interval '8 days' where id = ${review_id}`;
  expect(await editReview(sql, wish, actor)).toMatchObject({ rule: 'edit_window_over' });
  const entries = await sql<{ action: string }[]>`
    select action from audit_log where target_id = ${review_id} order by id`;
  expect(entries.map(({ action }) => action)).toEqual([
    'review.edited',
    'review.rejected',
    'review.edited',
  ]);
});

test('an erased owner has no name', async () => {
  const { review_id, owner } = await reviewed(await addClinic(sql), 5);
  expect((await findReview(sql, review_id))?.owner_name).toMatch(/^Owner/);
  await sql`update users set is_erased = true where id = ${owner.user_id}`;
  expect((await findReview(sql, review_id))?.owner_name).toBeNull();
});

test('counts and averages are exact after any mix of changes', async () => {
  const pool = await Promise.all(
    Array.from({ length: 6 }, async () => ({ clinic: await addClinic(sql) })),
  );
  const mark = fc.integer({ min: 1, max: 5 });
  const step = fc.tuple(fc.constantFrom('edit', 'reject', 'publish'), fc.nat(3), mark, mark);
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { clinic } = pool[turn % pool.length]!;
      turn += 1;
      const reviews = await Promise.all([1, 3, 4, 5].map((rating) => reviewed(clinic, rating)));
      // All at once: what two of them do to one count must add up.
      await Promise.all(
        steps.map(async ([what, pick, rating, care]) => {
          const { review_id, owner } = reviews[pick]!;
          const it = { review_id, expected_version: null };
          if (what === 'edit') {
            const actor = customer(owner.user_id);
            await editReview(sql, { ...it, ...text(rating, { care }) }, actor);
          } else {
            const decision = what === 'reject' ? 'rejected' : 'published';
            await decideReview(sql, { ...it, decision, reason: 'test' }, desk);
          }
        }),
      );
      const rows = await sql<{ rating: number; ratings_breakdown: { care?: number } }[]>`
        select rating, ratings_breakdown from reviews
        where clinic_id = ${clinic.id} and status = 'published'`;
      const marks = await readMarks(sql, clinic.id);
      const expectMarks = (category: string, given: readonly number[]) => {
        const found = marks.find((one) => one.category === category);
        expect(found?.review_count ?? 0).toBe(given.length);
        if (!found) return;
        const sum = given.reduce((total, one) => total + one, 0);
        // Half a unit of the second place up, in whole numbers.
        const hundredths = Math.floor((sum * 200 + given.length) / (2 * given.length));
        expect(found.average_rating.replace('.', '')).toBe(String(hundredths));
      };
      expectMarks(
        'overall',
        rows.map(({ rating }) => rating),
      );
      expectMarks(
        'care',
        rows.flatMap(({ ratings_breakdown: { care } }) => care ?? []),
      );
    }),
    { numRuns: 12 },
  );
});
