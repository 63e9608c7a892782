import { expect, test } from 'vitest';
import { getWaitlistEntry, joinWaitlist, listWaitlist } from '../../src/daemon/actions/waitlist.ts';
import {
  acceptOffer,
  declineOffer,
  leaveWaitlist,
  offerWaitlistSlot,
} from '../../src/daemon/actions/waitlist-answers.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { customer, expectProblem, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { hold, mustHold } from '../helpers/booking.ts';
import { addOwner, addSlot, lapse } from '../helpers/database.ts';
import { addPlace, addWaiting, entryOf, offeredTo, serve } from './scene.ts';

const { app, sql, drain, pay } = await openBench();

/** Somebody to whom a slot is offered. */
async function offered() {
  const place = await addPlace(sql);
  const waiting = await addWaiting(sql, place);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([waiting.entry_id]);
  const { owner, entry_id } = waiting;
  return {
    place,
    owner,
    entry_id,
    who: customer(owner.user_id),
    desk: staff('desk', place.clinic.id),
  };
}

const checkout = { payment_method: 'checkout' } as const;

test('accepted by the owner: a page to pay on, asked twice the same one, and paid it is booked', async () => {
  const { entry_id, who, desk } = await offered();
  const seen = shapes.get_waitlist_entry.output.parse(
    await getWaitlistEntry(app, who, { entry_id }),
  );
  expect(seen).toMatchObject({ status: 'offered', position: null, offer: { ended_as: null } });
  const started = await acceptOffer(app, who, { entry_id, ...checkout });
  expect(started).toMatchObject({ booking_id: null, replayed: false });
  expect(started.payment_url).toMatch(/^http/);
  const again = await acceptOffer(app, who, { entry_id, ...checkout });
  expect(again).toMatchObject({ payment_url: started.payment_url, replayed: true });
  await pay(started.reference_code);
  expect(await entryOf(sql, entry_id)).toMatchObject({ status: 'taken' });
  const late = await acceptOffer(app, who, { entry_id, ...checkout });
  expect(late).toMatchObject({ reference_code: started.reference_code, payment_url: null });
  expect(late.booking_id).not.toBeNull();
  await expectProblem(declineOffer(app, who, { entry_id, leave: false }), 'conflict');
  expect((await getWaitlistEntry(app, desk, { entry_id })).offers).toMatchObject([
    { ended_as: 'taken' },
  ]);
  await expectInvariants(sql);
});

test('an accepted offer that is not paid lapses: the place goes to the next, the entry waits on', async () => {
  const { entry_id, who, place } = await offered();
  const next = await addWaiting(sql, place);
  const started = await acceptOffer(app, who, { entry_id, ...checkout });
  await lapse(sql, started.reservation_id);
  await drain('sweeper');
  expect(await entryOf(sql, entry_id)).toMatchObject({ status: 'waiting', misses: 1 });
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([next.entry_id]);
  const problem = await expectProblem(
    acceptOffer(app, who, { entry_id, ...checkout }),
    'reservation_expired',
  );
  expect(problem.detail).toContain('goes to the next');
  await expectInvariants(sql);
});

test('the desk books what is offered at once; a customer cannot say that it is paid', async () => {
  const { entry_id, who, desk } = await offered();
  const cash = { entry_id, payment_method: 'cash' } as const;
  await expectProblem(acceptOffer(app, who, cash), 'payment_method_unsupported');
  const booked = await acceptOffer(app, desk, cash);
  expect(booked.booking_id).not.toBeNull();
  expect(await entryOf(sql, entry_id)).toMatchObject({ status: 'taken' });
  await expectInvariants(sql);
});

test('declined with a page open: the page closes, its owner waits on or leaves', async () => {
  const { entry_id, who, place } = await offered();
  const started = await acceptOffer(app, who, { entry_id, ...checkout });
  const declined = await declineOffer(app, who, { entry_id, leave: true, reason: 'found another' });
  expect(declined).toMatchObject({ status: 'declined', left_reason: 'found another' });
  await expect(pay(started.reference_code)).rejects.toThrow();
  expect((await hold(sql, place.slot_id, await addOwner(sql))).outcome).toBe('ok');
  const gone = await expectProblem(acceptOffer(app, who, { entry_id, ...checkout }), 'conflict');
  expect(gone.facts).toMatchObject({ status: 'declined' });
  await expectInvariants(sql);
});

test('by hand: out of turn, of a slot outside the wish, refused where the judge says no', async () => {
  const place = await addPlace(sql);
  const desk = staff('desk', place.clinic.id);
  const soon = Temporal.Now.instant().add({ hours: 1 });
  const first = await addWaiting(sql, place, { wanted_to: soon });
  const second = await addWaiting(sql, place, { wanted_to: soon });
  await serve(app);
  const none = await expectProblem(
    offerWaitlistSlot(app, desk, { entry_id: second.entry_id }),
    'conflict',
  );
  expect(none.detail).toContain('No open slot fits');
  const { slot_id } = place;
  const entry = await offerWaitlistSlot(app, desk, { entry_id: second.entry_id, slot_id });
  expect(entry).toMatchObject({ status: 'offered', offer: { offered_by_hand: true, slot_id } });
  await expectProblem(
    offerWaitlistSlot(app, desk, { entry_id: first.entry_id, slot_id }),
    'slot_taken',
  );
  await expectProblem(
    offerWaitlistSlot(app, desk, { entry_id: second.entry_id, slot_id }),
    'conflict',
  );
  const foreign = await addPlace(sql);
  await expectProblem(
    offerWaitlistSlot(app, desk, { entry_id: first.entry_id, slot_id: foreign.slot_id }),
    'not_found',
  );
  await expectProblem(
    offerWaitlistSlot(app, staff('desk', foreign.clinic.id), { entry_id: first.entry_id, slot_id }),
    'not_found',
  );
  // At a time that the owner has something else.
  const busy = await addSlot(sql, place.clinic, place.service_id, { in_hours: 60 });
  const same_time = await addSlot(sql, place.clinic, place.service_id, { in_hours: 60 });
  await mustHold(sql, busy, first.owner);
  await expectProblem(
    offerWaitlistSlot(app, desk, { entry_id: first.entry_id, slot_id: same_time }),
    'policy_refused',
  );
  const [audit] = await sql`
    select count(*)::integer as count from audit_log
    where target_id = ${second.entry_id} and action = 'waitlist.offered'`;
  expect(audit).toEqual({ count: 1 });
  await expectInvariants(sql);
});

test('joining and listing: an owner sees their own, staff their clinic, sre no names', async () => {
  const place = await addPlace(sql);
  const owner = await addOwner(sql);
  const who = customer(owner.user_id);
  await mustHold(sql, place.slot_id, await addOwner(sql));
  const wish = {
    service_id: place.service_id,
    pet_id: owner.pet_id,
    weekdays: [5, 1, 1],
    from_time: '09:00',
    to_time: '12:00',
    quantity: 1,
    priority: 0,
  };
  const entry = shapes.join_waitlist.output.parse(await joinWaitlist(app, who, wish));
  expect(entry).toMatchObject({
    status: 'waiting',
    position: 1,
    weekdays: [1, 5],
    from_time: '09:00',
    to_time: '12:00',
  });
  const other = await addWaiting(sql, place);
  const page = { status: 'open', limit: 50 } as const;
  expect((await listWaitlist(app, who, page)).items).toHaveLength(1);
  const desk = staff('desk', place.clinic.id);
  const listed = await listWaitlist(app, desk, { ...page, limit: 1 });
  expect(listed.items.map(({ entry_id }) => entry_id)).toEqual([entry.entry_id]);
  const rest = await listWaitlist(app, desk, { ...page, cursor: listed.next_cursor ?? '' });
  expect(rest.items).toMatchObject([{ entry_id: other.entry_id, position: 2 }]);
  const [masked] = (await listWaitlist(app, staff('sre', place.clinic.id), page)).items;
  expect(masked).toMatchObject({ owner_name: '***', owner_phone: '***' });
  const problem = await expectProblem(joinWaitlist(app, who, wish), 'conflict');
  expect(problem.facts).toMatchObject({ rule: 'already_waiting', entry_id: entry.entry_id });
  const backwards = { ...wish, from_time: '12:00', to_time: '09:00' };
  await expectProblem(joinWaitlist(app, who, backwards), 'invalid_input');
  const long = { ...wish, from_date: '2030-01-01', to_date: '2031-01-01' };
  await expectProblem(joinWaitlist(app, who, long), 'invalid_input');
  const { entry_id } = entry;
  await expectProblem(leaveWaitlist(app, customer(other.owner.user_id), { entry_id }), 'not_found');
  expect(await leaveWaitlist(app, who, { entry_id })).toMatchObject({
    status: 'left',
    left_reason: 'by_owner',
  });
});

test('an entry with price tiers is offered what it asked for', async () => {
  const place = await addPlace(sql, { capacity: 3 });
  await sql`update services set has_tiers = true where id = ${place.service_id}`;
  await sql`
    insert into price_tiers (service_id, clinic_id, name, price, seats_limit)
    values (${place.service_id}, ${place.clinic.id}, 'Child', 1000, 1),
      (${place.service_id}, ${place.clinic.id}, 'Adult', 2000, null)`;
  const items = [{ tier: 'Adult', quantity: 1 }];
  const nameless = await addWaiting(sql, place);
  const adult = await addWaiting(sql, place, { items });
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([adult.entry_id]);
  const seen = await getWaitlistEntry(app, staff('desk'), { entry_id: nameless.entry_id });
  expect(seen.skips).toMatchObject([{ reason: 'price_rule' }]);
  const [held] = await sql<{ amount: string }[]>`
    select amount from reservations where waitlist_entry_id = ${adult.entry_id}`;
  expect(Number(held!.amount)).toBe(2_000);
  await expectInvariants(sql);
});
