import { expect, test } from 'vitest';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getDay } from '../../src/daemon/actions/get-day.ts';
import { createGroupBooking, setParticipants } from '../../src/daemon/actions/group-bookings.ts';
import type { Input } from '../../src/domain/shapes.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { customer, expectProblem, no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { mustHold } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';

const { app, sql, pay } = await openBench();
const desk = staff('desk');

/** A class of six and an owner who brings people along. */
async function addClass() {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic, { capacity: 6 });
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 6 });
  const owner = await addOwner(sql, { pet_name: 'Mochi', full_name: 'Siti' });
  const wish: Input<'create_group_booking'> = {
    service_id,
    slot_id,
    ...owner,
    participants: [
      { pet_id: owner.pet_id },
      { name: 'Rex', owner_name: 'Budi' },
      { name: 'Kitty' },
    ],
    payment_method: 'cash',
  };
  return { clinic, slot_id, owner, wish };
}

test('three pets of three owners: one request, one payment, three seats and their names', async () => {
  const { clinic, owner, wish } = await addClass();
  const started = await createGroupBooking(app, desk, wish, no_key);
  expect(started).toMatchObject({ amount: '750000.00', payment_url: null, replayed: false });
  const booking = shapes.get_booking.output.parse(
    await getBooking(app, desk, { booking_id: started.reference_code }),
  );
  expect(booking).toMatchObject({ quantity: 3, payment_state: 'paid' });
  expect(booking.participants).toEqual([
    { position: 1, name: 'Mochi', owner_name: 'Siti', pet_id: owner.pet_id },
    { position: 2, name: 'Rex', owner_name: 'Budi', pet_id: null },
    { position: 3, name: 'Kitty', owner_name: null, pet_id: null },
  ]);
  const date = booking.date;
  const day = await getDay(app, desk, { clinic_id: clinic.id, date });
  const [row] = day.items.filter(({ kind }) => kind === 'booking');
  expect(row?.participants).toBe('Mochi (Siti), Rex (Budi), Kitty');
  const masked = await getDay(app, staff('ci'), { clinic_id: clinic.id, date });
  expect(JSON.stringify(masked.items)).not.toMatch(/Mochi|Rex|Kitty|Budi/);
  await expectInvariants(sql);
});

test('the owner pays on a page; who repeats the request gets the same hold and names', async () => {
  const { owner, wish } = await addClass();
  const who = customer(owner.user_id);
  const call = { idempotency_key: 'group 1' };
  const asked = { ...wish, payment_method: 'checkout' } as const;
  const first = await createGroupBooking(app, who, asked, call);
  const again = await createGroupBooking(app, who, asked, call);
  expect(again).toMatchObject({ reservation_id: first.reservation_id, replayed: true });
  await pay(first.reference_code);
  const booking = await getBooking(app, who, { booking_id: first.reference_code });
  expect(booking.participants?.map(({ name }) => name)).toEqual(['Mochi', 'Rex', 'Kitty']);
  const renamed = await setParticipants(app, who, {
    booking_id: first.reference_code,
    participants: [{ name: 'Rex', owner_name: 'Budi' }],
  });
  expect(renamed.participants).toHaveLength(1);
  const [entry] = await sql<{ action: string; before: { participants: unknown[] } }[]>`
    select action, before from audit_log where target_id = ${first.reference_code}`;
  expect(entry).toMatchObject({ action: 'booking.participants' });
  expect(entry!.before.participants).toHaveLength(3);
});

test('a pet that comes twice, too many names, foreign pets: nothing is held', async () => {
  const { slot_id, owner, wish } = await addClass();
  const friend = await addOwner(sql);
  const people = (...participants: Input<'create_group_booking'>['participants']) => ({
    ...wish,
    participants,
  });
  const twice = people({ pet_id: owner.pet_id }, { pet_id: owner.pet_id });
  const problem = await expectProblem(
    createGroupBooking(app, desk, twice, no_key),
    'policy_refused',
  );
  expect(problem.facts['rule']).toBe('pet_twice');
  const foreign = people({ pet_id: friend.pet_id });
  const own = customer(owner.user_id);
  const asked = { ...foreign, payment_method: 'checkout' } as const;
  await expectProblem(createGroupBooking(app, own, asked, no_key), 'not_found');
  await mustHold(sql, slot_id, friend);
  const elsewhere = createGroupBooking(app, desk, foreign, no_key);
  expect((await expectProblem(elsewhere, 'policy_refused')).facts['rule']).toBe('pet_twice');
  const seven = people(...Array.from({ length: 7 }, (_, n) => ({ name: `Pet ${n}` })));
  await expectProblem(createGroupBooking(app, desk, seven, no_key), 'policy_refused');
  expect(await sql`select from slot_claims where user_id = ${owner.user_id}`).toEqual([]);
  const { reference_code } = await createGroupBooking(app, desk, wish, no_key);
  const more = setParticipants(app, desk, {
    booking_id: reference_code,
    participants: Array.from({ length: 4 }, (_, n) => ({ name: `Pet ${n}` })),
  });
  expect((await expectProblem(more, 'policy_refused')).facts['rule']).toBe('too_many_people');
  await expectInvariants(sql);
});

test('two groups that name one pet at the same time: one comes with it', async () => {
  for (let round = 0; round < 6; round += 1) {
    const { owner, wish } = await addClass();
    const others = [await addOwner(sql), await addOwner(sql)];
    const ends = await Promise.allSettled(
      others.map((other) =>
        createGroupBooking(
          app,
          desk,
          { ...wish, ...other, participants: [{ pet_id: owner.pet_id }] },
          no_key,
        ),
      ),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
  await expectInvariants(sql);
});
