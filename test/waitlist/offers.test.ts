import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { setBookingRules } from '../../src/daemon/actions/booking-rules.ts';
import { rescheduleBooking } from '../../src/daemon/actions/reschedule-booking.ts';
import { undoBooking } from '../../src/daemon/actions/undo-booking.ts';
import { lockOwner } from '../../src/daemon/locks/lock-owner.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { setSlotBlocked } from '../../src/daemon/store/slots.ts';
import { acceptOffer, endWaitlist } from '../../src/daemon/store/waitlist.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { desk, hold, mustBook, mustHold } from '../helpers/booking.ts';
import { addOwner, addService, addSlot, addStaff, lapse } from '../helpers/database.ts';
import { addPlace, addWaiting, by, entryOf, offeredTo, serve, skipOf } from './scene.ts';

const { app, sql, redis, drain } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());

const cancelHold = (reservation_id: string) =>
  sql`select outcome from cancel_reservation(${reservation_id}, 'changed mind', ${sql.json(desk)})`;
const cancelBooking = (booking_id: string) => sql`
  select outcome from cancel_booking(${booking_id}, 'ill', 'clinic', null, false, ${sql.json(desk)})`;

/** A slot that somebody holds, and one who waits for it. */
async function heldAndAwaited(slot: Parameters<typeof addPlace>[1] = {}) {
  const place = await addPlace(sql, slot);
  const holder = await mustHold(sql, place.slot_id, await addOwner(sql));
  return { place, holder };
}

test('a cancelled hold becomes an offer: a real hold, locked at the door, told as an event', async () => {
  const { place, holder } = await heldAndAwaited();
  const waiting = await addWaiting(sql, place);
  await serve(app);
  expect(await entryOf(sql, waiting.entry_id)).toMatchObject({ status: 'waiting' });
  await cancelHold(holder);
  await serve(app);
  const entry = await entryOf(sql, waiting.entry_id);
  expect(entry).toMatchObject({ status: 'offered', left_reason: null });
  const [held] = await sql<{ lock_id: string; status: string; ttl_s: number }[]>`
    select lock_id, status, extract(epoch from expires_at - now())::integer as ttl_s
    from reservations where id = ${entry.offered_reservation_id}`;
  expect(held).toMatchObject({ status: 'pending' });
  expect(held!.lock_id.startsWith(`${lockOwner(waiting.owner.user_id)}.`)).toBe(true);
  expect(held!.ttl_s).toBeGreaterThan(1_700);
  expect(await raw.get(lockKey(place.slot_id, 1))).toBe(held!.lock_id);
  const [event] = await sql`
    select payload ->> 'reservation_id' as reservation_id from booking_events_outbox
    where aggregate_id = ${waiting.entry_id} and event_type = 'waitlist.offered'`;
  expect(event).toEqual({ reservation_id: entry.offered_reservation_id });
  const rival = await hold(sql, place.slot_id, await addOwner(sql));
  expect(rival.outcome).toBe('slot_taken');
  await expectInvariants(sql);
});

test('priority goes first, then who came first; each entry has one offer and each seat one', async () => {
  const place = await addPlace(sql, { capacity: 3 });
  const holders = [1, 2, 3].map(async () => mustHold(sql, place.slot_id, await addOwner(sql)));
  const held = await Promise.all(holders);
  const early = await addWaiting(sql, place);
  const late = await addWaiting(sql, place);
  const urgent = await addWaiting(sql, place, { priority: 5 });
  const last = await addWaiting(sql, place);
  await cancelHold(held[0]!);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([urgent.entry_id]);
  await Promise.all([cancelHold(held[1]!), cancelHold(held[2]!)]);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([
    urgent.entry_id,
    early.entry_id,
    late.entry_id,
  ]);
  expect(await entryOf(sql, last.entry_id)).toMatchObject({ status: 'waiting' });
  await expectInvariants(sql);
});

test('declined: the next one is asked, and the first is not asked for this slot again', async () => {
  const { place, holder } = await heldAndAwaited();
  const first = await addWaiting(sql, place);
  const second = await addWaiting(sql, place);
  await cancelHold(holder);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([first.entry_id]);
  const ended = await endWaitlist(sql, first.entry_id, 'decline', null, by(first));
  expect(ended).toMatchObject({ outcome: 'ok', slot_id: place.slot_id });
  expect(await entryOf(sql, first.entry_id)).toMatchObject({ status: 'waiting', misses: 0 });
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([second.entry_id]);
  const refused = await endWaitlist(sql, second.entry_id, 'refuse', 'moved away', by(second));
  expect(refused.outcome).toBe('ok');
  expect(await entryOf(sql, second.entry_id)).toMatchObject({
    status: 'declined',
    left_reason: 'moved away',
  });
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([]);
  // Another time is offered all the same.
  const other = await addSlot(sql, place.clinic, place.service_id, { in_hours: 80 });
  await serve(app);
  expect(await offeredTo(sql, other)).toEqual([first.entry_id]);
  expect((await endWaitlist(sql, first.entry_id, 'decline', null, desk)).outcome).toBe('ok');
  expect((await endWaitlist(sql, first.entry_id, 'decline', null, desk)).outcome).toBe('conflict');
  await expectInvariants(sql);
});

test('nobody answers: the next one is asked; the clinic says how often that may happen', async () => {
  const { place, holder } = await heldAndAwaited();
  const clinic_id = place.clinic.id;
  const rules = { clinic_id, waitlist_misses: 2, waitlist_offer_ms: 900_000 };
  expect(await setBookingRules(app, staff('manager', clinic_id), rules)).toMatchObject(rules);
  const first = await addWaiting(sql, place);
  const second = await addWaiting(sql, place);
  await cancelHold(holder);
  await serve(app);
  await lapse(sql, (await entryOf(sql, first.entry_id)).offered_reservation_id!);
  await drain('sweeper');
  expect(await entryOf(sql, first.entry_id)).toMatchObject({ status: 'waiting', misses: 1 });
  const late = await acceptOffer(sql, first.entry_id, by(first));
  expect(late.outcome).toBe('reservation_expired');
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([second.entry_id]);
  const other = await addSlot(sql, place.clinic, place.service_id, { in_hours: 80 });
  await serve(app);
  expect(await offeredTo(sql, other)).toEqual([first.entry_id]);
  await lapse(sql, (await entryOf(sql, first.entry_id)).offered_reservation_id!);
  await drain('sweeper');
  expect(await entryOf(sql, first.entry_id)).toMatchObject({
    status: 'left',
    left_reason: 'no_answer',
    misses: 2,
  });
  await expectInvariants(sql);
});

test('accepted: the time to pay begins, and the booking takes the entry with it', async () => {
  const { place, holder } = await heldAndAwaited();
  await sql`update clinics set waitlist_offer_ms = 300000 where id = ${place.clinic.id}`;
  const waiting = await addWaiting(sql, place);
  await cancelHold(holder);
  await serve(app);
  const accepted = await acceptOffer(sql, waiting.entry_id, by(waiting));
  expect(accepted).toMatchObject({ outcome: 'ok' });
  expect(accepted.hold!.ttl_ms).toBeGreaterThan(590_000);
  // Said twice it gives no more time.
  const again = await acceptOffer(sql, waiting.entry_id, by(waiting));
  expect(again.hold!.ttl_ms).toBeLessThanOrEqual(accepted.hold!.ttl_ms);
  const stranger = await acceptOffer(sql, waiting.entry_id, by(await addWaiting(sql, place)));
  expect(stranger.outcome).toBe('not_found');
  const reservation_id = accepted.reservation_id!;
  await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  expect(await entryOf(sql, waiting.entry_id)).toMatchObject({ status: 'taken' });
  expect((await endWaitlist(sql, waiting.entry_id, 'leave', null, desk)).outcome).toBe('conflict');
  await expectInvariants(sql);
});

test('a cancel that can be undone is not given away before its grace is over', async () => {
  const place = await addPlace(sql);
  await sql`update clinics set undo_ms = 30000 where id = ${place.clinic.id}`;
  const booking_id = await mustBook(sql, place.slot_id, await addOwner(sql));
  const waiting = await addWaiting(sql, place);
  await cancelBooking(booking_id);
  // The entry is looked at for its own sake too: the slot is open, and still nobody's.
  await sql`update waitlist_entries set look_at = now() where id = ${waiting.entry_id}`;
  await serve(app);
  expect(await entryOf(sql, waiting.entry_id)).toMatchObject({ status: 'waiting' });
  const undone = await undoBooking(app, staff('desk', place.clinic.id), { booking_id });
  expect(undone).toMatchObject({ status: 'confirmed' });
  await cancelBooking(booking_id);
  await sql`update waitlist_openings set not_before = now() where slot_id = ${place.slot_id}`;
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([waiting.entry_id]);
  // Nobody waited when it was cancelled: who comes now does not get it sooner.
  const quiet = await addPlace(sql);
  await sql`update clinics set undo_ms = 30000 where id = ${quiet.clinic.id}`;
  await cancelBooking(await mustBook(sql, quiet.slot_id, await addOwner(sql)));
  const late = await addWaiting(sql, quiet);
  await serve(app);
  expect(await entryOf(sql, late.entry_id)).toMatchObject({ status: 'waiting' });
});

test('every way in which a place becomes free is noticed', async () => {
  const moved = await addPlace(sql);
  const target = await addSlot(sql, moved.clinic, moved.service_id, { in_hours: 90 });
  const booking_id = await mustBook(sql, moved.slot_id, await addOwner(sql));
  // This one can only come at the first time.
  const day = Temporal.Now.instant().add({ hours: 80 });
  const mover = await addWaiting(sql, moved, { wanted_to: day });
  await rescheduleBooking(app, staff('desk', moved.clinic.id), {
    booking_id,
    slot_id: target,
    by: 'clinic',
    quote: false,
  });
  await serve(app);
  expect(await offeredTo(sql, moved.slot_id)).toEqual([mover.entry_id]);

  const closed = await addPlace(sql);
  await setSlotBlocked(sql, closed.slot_id, true);
  const patient = await addWaiting(sql, closed);
  await serve(app);
  expect(await offeredTo(sql, closed.slot_id)).toEqual([]);
  await setSlotBlocked(sql, closed.slot_id, false);
  await serve(app);
  expect(await offeredTo(sql, closed.slot_id)).toEqual([patient.entry_id]);

  const group = await addPlace(sql, { capacity: 1 });
  await mustHold(sql, group.slot_id, await addOwner(sql));
  const one_more = await addWaiting(sql, group);
  await serve(app);
  await sql`update slots set capacity = 2 where id = ${group.slot_id}`;
  await serve(app);
  expect(await offeredTo(sql, group.slot_id)).toEqual([one_more.entry_id]);

  // Another service of the same vet at the same time.
  const vet_place = await addPlace(sql);
  const staff_id = await addStaff(sql, vet_place.clinic);
  const other_service = await addService(sql, vet_place.clinic);
  const mine = await addSlot(sql, vet_place.clinic, vet_place.service_id, {
    staff_id,
    in_hours: 50,
  });
  const theirs = await addSlot(sql, vet_place.clinic, other_service, { staff_id, in_hours: 50 });
  await mustHold(sql, vet_place.slot_id, await addOwner(sql));
  const held = await mustHold(sql, theirs, await addOwner(sql));
  const waiting = await addWaiting(sql, vet_place, { staff_id });
  await serve(app);
  expect(await entryOf(sql, waiting.entry_id)).toMatchObject({ status: 'waiting' });
  await cancelHold(held);
  await serve(app);
  expect(await offeredTo(sql, mine)).toEqual([waiting.entry_id]);
  await expectInvariants(sql);
});

test('only what was wished for: vet, weekday, hours and days', async () => {
  const place = await addPlace(sql);
  const [slot] = await sql<{ weekday: number; start: string }[]>`
    select extract(isodow from slot_date)::integer as weekday, to_char(slot_start_time, 'HH24:MI') as start
    from slots where id = ${place.slot_id}`;
  const { weekday, start } = slot!;
  const others = [1, 2, 3, 4, 5, 6, 7].filter((day) => day !== weekday);
  const vet = await addStaff(sql, place.clinic);
  const soon = Temporal.Now.instant().add({ hours: 24 });
  const wrong = [
    await addWaiting(sql, place, { weekdays: others }),
    await addWaiting(sql, place, { staff_id: vet }),
    await addWaiting(sql, place, { wanted_to: soon }),
    ...(start > '00:00' ? [await addWaiting(sql, place, { to_time: start })] : []),
  ];
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([]);
  const right = await addWaiting(sql, place, { weekdays: [weekday], from_time: start });
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([right.entry_id]);
  for (const { entry_id } of wrong) expect(await skipOf(sql, entry_id)).toBeNull();
});

test('whoever cannot have it is passed over with a reason, and the next one gets it', async () => {
  const place = await addPlace(sql, { capacity: 4 });
  const taken = await Promise.all(
    [1, 2, 3, 4].map(async () => mustHold(sql, place.slot_id, await addOwner(sql))),
  );
  const pet_gone = await addWaiting(sql, place);
  const busy = await addWaiting(sql, place);
  const opted_out = await addWaiting(sql, place);
  const no_address = await addWaiting(sql, place);
  const too_many = await addWaiting(sql, place, { quantity: 3 });
  const fits = await addWaiting(sql, place);
  await sql`
    update pets set user_id = ${fits.owner.user_id} where id = ${pet_gone.owner.pet_id}`;
  const elsewhere = await addSlot(sql, place.clinic, await addService(sql, place.clinic));
  await mustHold(sql, elsewhere, busy.owner);
  await sql`
    insert into notification_preferences (user_id, channel, enabled)
    values (${opted_out.owner.user_id}, 'email', false)`;
  await sql`update users set email = null where id = ${no_address.owner.user_id}`;
  await cancelHold(taken[0]!);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([fits.entry_id]);
  expect(await skipOf(sql, pet_gone.entry_id)).toBe('pet_gone');
  expect(await skipOf(sql, busy.entry_id)).toBe('owner_busy');
  expect(await skipOf(sql, opted_out.entry_id)).toBe('opted_out');
  expect(await skipOf(sql, no_address.entry_id)).toBe('no_address');
  expect(await skipOf(sql, too_many.entry_id)).toBe('too_few_seats');
  expect(await skipOf(sql, fits.entry_id)).toBeNull();
  // They wait on: with three seats free the one who wants three is next.
  await Promise.all(taken.slice(1).map(cancelHold));
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([fits.entry_id, too_many.entry_id]);
  await expectInvariants(sql);
});

test('nothing that is past or too close is offered; a window that is over ends the wait', async () => {
  const place = await addPlace(sql, { in_hours: 1 });
  const waiting = await addWaiting(sql, place);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([]);
  expect(await skipOf(sql, waiting.entry_id)).toBe('too_close');
  await sql`update clinics set waitlist_notice_ms = 600000 where id = ${place.clinic.id}`;
  await sql`update waitlist_entries set look_at = now() where id = ${waiting.entry_id}`;
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([waiting.entry_id]);
  // Half of what is left: an hour ahead nobody can think for half an hour and still come.
  const [held] = await sql<{ ttl_s: number }[]>`
    select extract(epoch from r.expires_at - now())::integer as ttl_s
    from reservations r where r.waitlist_entry_id = ${waiting.entry_id}`;
  expect(held!.ttl_s).toBeLessThanOrEqual(1_800);

  const over = await addWaiting(sql, place);
  await sql`
    update waitlist_entries
    set wanted_from = now() - interval '2 days', wanted_to = now() - interval '1 day', look_at = now()
    where id = ${over.entry_id}`;
  await serve(app);
  expect(await entryOf(sql, over.entry_id)).toMatchObject({
    status: 'left',
    left_reason: 'window_over',
  });
});

test('the clinic takes an offered hold away: the entry waits on, without blame', async () => {
  const { place, holder } = await heldAndAwaited();
  const waiting = await addWaiting(sql, place);
  await cancelHold(holder);
  await serve(app);
  const { offered_reservation_id } = await entryOf(sql, waiting.entry_id);
  await setSlotBlocked(sql, place.slot_id, true);
  await cancelHold(offered_reservation_id!);
  expect(await entryOf(sql, waiting.entry_id)).toMatchObject({ status: 'waiting', misses: 0 });
  const [offer] =
    await sql`select ended_as from waitlist_offers where entry_id = ${waiting.entry_id}`;
  expect(offer).toEqual({ ended_as: 'withdrawn' });
  await setSlotBlocked(sql, place.slot_id, false);
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([waiting.entry_id]);
  await expectInvariants(sql);
});

test('joining: twice is a conflict, foreign and impossible wishes are refused', async () => {
  const place = await addPlace(sql);
  await mustHold(sql, place.slot_id, await addOwner(sql));
  const first = await addWaiting(sql, place);
  const again = { owner: first.owner };
  await expect(addWaiting(sql, place, again)).rejects.toThrow('conflict already_waiting');
  await expect(addWaiting(sql, place, { quantity: 2 })).rejects.toThrow('too_many_seats');
  const past = Temporal.Now.instant().subtract({ hours: 1 });
  const over = { wanted_from: past.subtract({ hours: 1 }), wanted_to: past };
  await expect(addWaiting(sql, place, over)).rejects.toThrow('window_over');
  const stranger = await addOwner(sql);
  const not_mine = { owner: { ...stranger, pet_id: first.owner.pet_id } };
  await expect(addWaiting(sql, place, not_mine)).rejects.toThrow('not_found');
  const pushy = addWaiting(
    sql,
    place,
    { owner: stranger, priority: 1 },
    by({ ...first, owner: stranger }),
  );
  await expect(pushy).rejects.toThrow('priority_not_yours');
  expect((await endWaitlist(sql, first.entry_id, 'leave', null, by(first))).outcome).toBe('ok');
  expect((await endWaitlist(sql, first.entry_id, 'leave', null, by(first))).outcome).toBe(
    'already_done',
  );
  expect(await entryOf(sql, first.entry_id)).toMatchObject({ left_reason: 'by_owner' });
  await addWaiting(sql, place, again);
});
