import { expect, test } from 'vitest';
import {
  addScheduleException,
  removeScheduleException,
  setHoliday,
  setScheduleRules,
} from '../../src/daemon/actions/change-schedule.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { listSlots } from '../../src/daemon/actions/list-slots.ts';
import { openSlots } from '../../src/daemon/actions/open-slots.ts';
import { getSchedule } from '../../src/daemon/actions/schedules.ts';
import { endTimeOff, takeTimeOff } from '../../src/daemon/actions/time-off.ts';
import type { Actor, Worker } from '../../src/daemon/app-types.ts';
import { createSlotMaker } from '../../src/daemon/workers/generate-slots.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { customer, expectProblem, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { hold, mustBook } from '../helpers/booking.ts';
import { addClinic, addOwner, addService } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { makeScene, slotAt, slotsOn } from './scene.ts';

const { app, sql } = await openBench();
const never = new AbortController().signal;
const six = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30'].map(
  (time) => `${time} available`,
);

/** What the daemons do until nothing is due. */
const makeAll = async (makers: readonly Worker[]) =>
  await eventually('nothing is due', async () => {
    const done = await Promise.all(makers.map((maker) => maker.tick(app, never)));
    return done.every((count) => count === 0);
  });

test('hours become slots at once, a second time nothing, and a dry run never anything', async () => {
  const { set, clinic_id, day, generate } = await makeScene(app, sql);
  const rehearsed = await set({ dry_run: true });
  expect(shapes.generate_slots.output.parse(rehearsed)).toMatchObject({ dry_run: true, closed: 0 });
  expect(rehearsed.opened).toBeGreaterThanOrEqual(60);
  expect(await sql`select from slots where clinic_id = ${clinic_id}`).toHaveLength(0);
  expect(await sql`select from schedules where clinic_id = ${clinic_id}`).toHaveLength(0);
  const done = await set();
  expect(done.opened).toBe(rehearsed.opened);
  expect(await slotsOn(sql, clinic_id, day(1))).toEqual(six);
  expect(await slotsOn(sql, clinic_id, day(10))).toEqual(six);
  expect(await slotsOn(sql, clinic_id, day(11))).toEqual([]);
  expect(await generate()).toMatchObject({ opened: 0, reopened: 0, closed: 0, overlaps: 0 });
  const [row] = await sql`
    select origin, staff_id is not null as has_vet, capacity, price,
      starts_at = (slot_date + slot_start_time) at time zone 'Asia/Jakarta' as is_local
    from slots where clinic_id = ${clinic_id} limit 1`;
  expect(row).toEqual({
    origin: 'schedule',
    has_vet: true,
    capacity: 1,
    price: null,
    is_local: true,
  });
});

test('shorter hours close what is free and list who stays; longer ones open it again', async () => {
  const { set, clinic_id, day } = await makeScene(app, sql);
  await set();
  const slot_id = await slotAt(sql, clinic_id, day(3), '11:00');
  const booking_id = await mustBook(sql, slot_id, await addOwner(sql));
  const shorter = await set({ hours: [{ opens: '09:00', closes: '10:30' }] });
  expect(shorter).toMatchObject({ kept: 1, opened: 0, complete: true });
  expect(shorter.closed).toBeGreaterThanOrEqual(29);
  const [kept] = shorter.items;
  const [booking] = await sql`select reference_code, status from bookings where id = ${booking_id}`;
  expect(kept).toMatchObject({ change: 'kept', slot_id, time: '11:00' });
  expect(kept?.reference_codes).toEqual([booking?.['reference_code']]);
  expect(booking?.['status']).toBe('confirmed');
  expect(await slotsOn(sql, clinic_id, day(3))).toEqual([
    ...six.slice(0, 3),
    '10:30 closed',
    '11:00 booked',
    '11:30 closed',
  ]);
  const closed = await sql<{ id: string }[]>`
    select id from slots where clinic_id = ${clinic_id} and closed_for is not null limit 1`;
  expect((await hold(sql, closed[0]!.id, await addOwner(sql))).outcome).toBe('invalid_slot');
  const again = await set();
  expect(again).toMatchObject({ kept: 0, opened: 0, closed: 0 });
  expect(again.reopened).toBe(shorter.closed);
  await expectInvariants(sql);
});

test('another grid leaves a claimed visit where it is and nothing over it', async () => {
  const { set, clinic_id, day } = await makeScene(app, sql);
  await set();
  await mustBook(sql, await slotAt(sql, clinic_id, day(2), '10:00'), await addOwner(sql));
  const moved = await set({ hours: [{ opens: '09:15', closes: '12:00' }] });
  expect(moved).toMatchObject({ kept: 1, overlaps: 2 });
  const open = (await slotsOn(sql, clinic_id, day(2))).filter((text) => !text.endsWith('closed'));
  expect(open).toEqual(['09:15 available', '10:00 booked', '10:45 available', '11:15 available']);
});

test('a room and a step that are not said stay, and slots of another shape take closed places', async () => {
  const { set, clinic_id, day, room_id } = await makeScene(app, sql);
  await set({ room_id, step_minutes: 60 });
  const inRoom = async () =>
    await sql`
      select distinct room_id, count(*)::integer as n from slots
      where clinic_id = ${clinic_id} and slot_date = ${day(2)} group by room_id`;
  expect(await inRoom()).toEqual([{ room_id, n: 3 }]);
  await set({ hours: [{ opens: '09:00', closes: '11:00' }] });
  expect(await inRoom()).toEqual([{ room_id, n: 3 }]);
  await set({ hours: [{ opens: '13:00', closes: '14:00' }] });
  // As if some time had passed: a slot that was closed just now is left to holds under way.
  await sql`update slots set updated_at = now() - interval '1 hour' where clinic_id = ${clinic_id}`;
  await set({ room_id: null, step_minutes: null });
  const rows = await sql`
    select to_char(slot_start_time, 'HH24:MI') as time, room_id is null as is_nowhere from slots
    where clinic_id = ${clinic_id} and slot_date = ${day(2)} and closed_for is null
    order by starts_at`;
  expect(rows).toHaveLength(6);
  expect(rows.every((row) => row['is_nowhere'] === true)).toBe(true);
  const [all] = await sql`
    select count(*)::integer as n from slots
    where clinic_id = ${clinic_id} and slot_date = ${day(2)}`;
  // Three were used again, three are new, and the one of the afternoon stays closed.
  expect(all?.['n']).toBe(7);
});

test('hours for some weeks lie over the weekly ones, which come back afterwards', async () => {
  const { set, clinic_id, day } = await makeScene(app, sql);
  await set();
  const hours = [{ opens: '20:00', closes: '21:00' }];
  await set({ hours, valid_from: day(2), valid_to: day(4) });
  const at = async (n: number) =>
    (await slotsOn(sql, clinic_id, day(n))).filter((text) => text.endsWith('available')).length;
  expect(await Promise.all([1, 2, 3, 4, 5].map(at))).toEqual([6, 2, 2, 2, 6]);
  const rows = await sql`
    select valid_from::text, valid_to::text from schedules
    where clinic_id = ${clinic_id} and weekday = 1 order by opens, valid_from nulls first`;
  expect(rows).toEqual([
    { valid_from: null, valid_to: day(1) },
    { valid_from: day(5), valid_to: null },
    { valid_from: day(2), valid_to: day(4) },
  ]);
});

test('exceptions, holidays and time off take slots away and give them back', async () => {
  const { set, clinic_id, day, manager, staff_id } = await makeScene(app, sql);
  await set();
  const count = async (n: number) =>
    (await slotsOn(sql, clinic_id, day(n))).filter((text) => text.endsWith('available')).length;
  const add = (date: string) =>
    addScheduleException(app, manager, { clinic_id, date, is_closed: true, dry_run: false });
  const done = await add(day(1));
  expect([done.closed, await count(1)]).toEqual([6, 0]);
  await expectProblem(add(day(1)), 'conflict');
  await removeScheduleException(app, manager, { exception_id: done.exception_id! });
  expect(await count(1)).toBe(6);
  const holiday = {
    clinic_id,
    date: day(2),
    name: 'Founding day',
    is_holiday: true,
    dry_run: false,
  };
  expect((await setHoliday(app, manager, holiday)).closed).toBe(0);
  const rules = { clinic_id, holiday_policy: 'close' as const, dry_run: false };
  expect((await setScheduleRules(app, manager, rules)).closed).toBe(6);
  expect((await setHoliday(app, manager, { ...holiday, is_holiday: false })).reopened).toBe(6);
  // Time off that begins before hours are longer keeps them from being opened; its end opens them.
  const off = await takeTimeOff(app, manager, {
    staff_id,
    date: day(3),
    bookings: 'keep',
    reason: 'ill',
    dry_run: false,
  });
  const longer = await set({ hours: [{ opens: '09:00', closes: '13:00' }] });
  expect(longer.gaps).toContainEqual({ reason: 'time_off', count: 8, first: `${day(3)} 09:00` });
  expect(await count(4)).toBe(8);
  await endTimeOff(app, manager, { time_off_id: off.time_off_id! });
  await makeAll([createSlotMaker()]);
  expect(await count(3)).toBe(8);
  await expectInvariants(sql);
});

test('buffers keep the vet and the room busy, across services', async () => {
  const { set, clinic, clinic_id, service_id, staff_id, day, manager, room_id } = await makeScene(
    app,
    sql,
  );
  const other_id = await addService(sql, clinic);
  const buffers = { buffer_before_minutes: 10, buffer_after_minutes: 20 };
  await setScheduleRules(app, manager, { clinic_id, service_id, ...buffers, dry_run: false });
  await set({ room_id });
  await set({ service_id: other_id });
  const first = await slotAt(sql, clinic_id, day(2), '09:10');
  await mustBook(sql, first, await addOwner(sql));
  const [claim] = await sql`
    select to_char(lower(s.during) at time zone 'Asia/Jakarta', 'HH24:MI') as begins,
      to_char(upper(s.during) at time zone 'Asia/Jakarta', 'HH24:MI') as ends, s.during = r.during as is_room
    from staff_claims s join room_claims r using (slot_id) where s.slot_id = ${first}`;
  expect(claim).toEqual({ begins: '09:00', ends: '10:00', is_room: true });
  const try_at = async (time: string) => {
    const [row] = await sql<{ id: string; reason: string | null }[]>`
      select s.slot_id as id, s.reason from slot_states s join slots sl on sl.id = s.slot_id
      where sl.service_id = ${other_id} and sl.slot_date = ${day(2)} and sl.slot_start_time = ${time}`;
    const { outcome } = await hold(sql, row!.id, await addOwner(sql));
    return [row!.reason, outcome];
  };
  // 09:30 lies after the visit, but in the time that is needed after it.
  expect(await try_at('09:30')).toEqual(['staff_busy', 'slot_taken']);
  expect(await try_at('10:00')).toEqual([null, 'ok']);
  expect(staff_id).not.toBe('');
  await expectInvariants(sql);
});

test('owners book neither too late nor too far ahead; the desk may', async () => {
  const { set, clinic_id, day, manager, service_id, generate } = await makeScene(app, sql);
  await set();
  await generate({ until: day(20) });
  const rules = { clinic_id, service_id, min_notice_minutes: 3 * 1_440, dry_run: false };
  await setScheduleRules(app, manager, rules);
  const soon = await slotAt(sql, clinic_id, day(2), '09:00');
  const good = await slotAt(sql, clinic_id, day(5), '09:00');
  const far = await slotAt(sql, clinic_id, day(15), '09:00');
  const owner = await addOwner(sql);
  expect(await hold(sql, soon, owner)).toMatchObject({
    outcome: 'policy_refused',
    rule: 'too_soon',
  });
  expect(await hold(sql, far, owner)).toMatchObject({ outcome: 'policy_refused', rule: 'too_far' });
  expect((await hold(sql, good, owner)).outcome).toBe('ok');
  const listed = async (actor: Actor, date: string) => {
    const wish = { service_id, date, explain: true, limit: 5 };
    const { items } = await listSlots(app, actor, wish);
    return [items[0]?.available, items[0]?.reason];
  };
  const asOwner = customer(owner.user_id);
  expect(await listed(asOwner, day(2))).toEqual([false, 'too_soon']);
  expect(await listed(asOwner, day(15))).toEqual([false, 'too_far']);
  expect(await listed(manager, day(2))).toEqual([true, null]);
  const wish = { service_id, slot_id: soon, pet_id: owner.pet_id, quantity: 1 };
  const no = createReservation(app, asOwner, wish, { idempotency_key: null });
  expect((await expectProblem(no, 'policy_refused')).facts).toEqual({ rule: 'too_soon' });
  const desk = { kind: 'operator', id: null, source: 'tui', request_id: null } as const;
  for (const slot_id of [soon, far]) {
    expect((await hold(sql, slot_id, await addOwner(sql), {}, desk)).outcome).toBe('ok');
  }
});

test('by hand: once, past midnight, not over a claim, and the hours leave it alone', async () => {
  const { set, clinic_id, day, manager, service_id, staff_id, generate } = await makeScene(
    app,
    sql,
  );
  const wish = { clinic_id, service_id, staff_id, date: day(4), from: '23:00', to: '01:00' };
  const open = (dry_run = false) => openSlots(app, manager, { ...wish, dry_run });
  expect(await open(true)).toMatchObject({ opened: 4, dry_run: true });
  expect(await open()).toMatchObject({ opened: 4, overlaps: 0 });
  expect(await open()).toMatchObject({ opened: 0, unchanged: 4 });
  expect(await slotsOn(sql, clinic_id, day(5))).toEqual(['00:00 available', '00:30 available']);
  await mustBook(sql, await slotAt(sql, clinic_id, day(4), '23:00'), await addOwner(sql));
  const over = await openSlots(app, manager, {
    ...wish,
    from: '22:45',
    to: '23:15',
    dry_run: false,
  });
  expect(over).toMatchObject({ opened: 0, overlaps: 1 });
  expect(over.items[0]?.reference_codes).toHaveLength(1);
  await set();
  expect(await generate()).toMatchObject({ closed: 0, kept: 0 });
  expect(await slotsOn(sql, clinic_id, day(5))).toEqual([
    '00:00 available',
    '00:30 available',
    ...six,
  ]);
  await expectProblem(
    openSlots(app, manager, { ...wish, date: day(-1), dry_run: false }),
    'invalid_input',
  );
});

test('of two daemons one makes the slots of a clinic, and a change wakes them', async () => {
  const scenes = await Promise.all([1, 2, 3].map(() => makeScene(app, sql)));
  const clinics = scenes.map(({ clinic_id }) => clinic_id);
  for (const { clinic_id, service_id, staff_id } of scenes) {
    await sql`
      insert into schedules (clinic_id, service_id, staff_id, weekday, opens, closes)
      select ${clinic_id}, ${service_id}, ${staff_id}, d, '09:00', '12:00'
      from generate_series(1, 7) as d`;
  }
  const makers = [createSlotMaker(), createSlotMaker()];
  await makeAll(makers);
  const made = await sql<{ n: number; distinct_n: number }[]>`
    select count(*)::integer as n, count(distinct (staff_id, starts_at))::integer as distinct_n
    from slots where clinic_id = any (${clinics}::uuid[])`;
  expect(made[0]?.n).toBeGreaterThanOrEqual(180);
  expect(made[0]?.n).toBe(made[0]?.distinct_n);
  const states = await sql`
    select due_at > now() and due_at < now() + interval '25 hours' as is_tomorrow, failures,
      leased_until from schedule_state where clinic_id = any (${clinics}::uuid[])`;
  expect(states).toEqual(
    clinics.map(() => ({ is_tomorrow: true, failures: 0, leased_until: null })),
  );
  const [first] = scenes;
  await sql`update services set duration_minutes = 60 where id = ${first!.service_id}`;
  expect(await makers[0]?.tick(app, never)).toBe(1);
  const open = (await slotsOn(sql, first!.clinic_id, first!.day(1))).filter(
    (text) => !text.endsWith('closed'),
  );
  expect(open).toEqual(['09:00 available', '10:00 available', '11:00 available']);
  expect((await getSchedule(app, first!.manager, { clinic_id: first!.clinic_id })).is_due).toBe(
    false,
  );
});

test('a run that fails is told of and tried again later; one whose daemon died is taken over', async () => {
  const { set, clinic_id, manager, day } = await makeScene(app, sql);
  await set();
  const maker = createSlotMaker();
  await makeAll([maker]);
  await sql`update clinics set time_zone = 'Nowhere/Nope' where id = ${clinic_id}`;
  expect(await maker.tick(app, never)).toBe(1);
  const state = async () =>
    await sql`
      select failures, last_error is null as is_well, due_at > now() as is_later
      from schedule_state where clinic_id = ${clinic_id}`;
  expect(await state()).toEqual([{ failures: 1, is_well: false, is_later: true }]);
  expect(await maker.tick(app, never)).toBe(0);
  // The change of the zone makes it due at once; another daemon has it, and dies.
  await sql`update clinics set time_zone = 'Asia/Jakarta' where id = ${clinic_id}`;
  const [taken] = await sql`select clinic_id from claim_schedule_run(60000)`;
  expect(taken).toEqual({ clinic_id });
  expect(await maker.tick(app, never)).toBe(0);
  await sql`update schedule_state set leased_until = now() where clinic_id = ${clinic_id}`;
  expect(await maker.tick(app, never)).toBe(1);
  expect(await state()).toEqual([{ failures: 0, is_well: true, is_later: true }]);
  const { covered_until, last_error } = await getSchedule(app, manager, { clinic_id });
  expect([covered_until, last_error]).toEqual([day(10), null]);
});

test('runs, bookings and changes of hours at once: nothing twice, nobody orphaned', async () => {
  const { set, clinic_id, day, generate } = await makeScene(app, sql);
  await set();
  const slots = await sql<{ id: string }[]>`
    select id from slots where clinic_id = ${clinic_id} and slot_date = ${day(3)} order by starts_at`;
  const owners = await Promise.all(slots.map(() => addOwner(sql)));
  const held = slots.map((slot, n) => hold(sql, slot.id, owners[n]!));
  await Promise.all([
    ...held,
    generate(),
    set({ hours: [{ opens: '09:15', closes: '12:00' }] }),
    generate(),
    set({ hours: [{ opens: '09:00', closes: '11:00' }] }),
  ]);
  await generate();
  const doubles = await sql`
    select a.id from slots a join slots b on b.staff_id = a.staff_id and b.id > a.id
      and b.starts_at < a.ends_at and b.ends_at > a.starts_at
    where a.clinic_id = ${clinic_id} and a.closed_for is null and b.closed_for is null`;
  expect(doubles).toEqual([]);
  const won = (await Promise.all(held)).filter(({ outcome }) => outcome === 'ok').length;
  const [claims] = await sql<{ n: number }[]>`
    select count(*)::integer as n from slot_claims c join slots sl on sl.id = c.slot_id
    where sl.clinic_id = ${clinic_id}`;
  expect(claims?.n).toBe(won);
  await expectInvariants(sql);
});

test('another clinic’s manager, foreign vets, two managers: refused in words', async () => {
  const { set, clinic_id, manager, service_id } = await makeScene(app, sql);
  const other = await addClinic(sql);
  const stranger = staff('manager', other.id);
  await expectProblem(getSchedule(app, stranger, { clinic_id }), 'not_found');
  await expectProblem(
    setScheduleRules(app, stranger, { clinic_id, country: 'ID', dry_run: false }),
    'not_found',
  );
  const foreign = await makeScene(app, sql);
  await expectProblem(set({ staff_id: foreign.staff_id }), 'not_found');
  await set();
  const { version } = await getSchedule(app, manager, { clinic_id });
  await set({ expected_version: version });
  await expectProblem(set({ expected_version: version }), 'conflict');
  const rule = setScheduleRules(app, manager, {
    clinic_id,
    buffer_after_minutes: 5,
    dry_run: false,
  });
  await expectProblem(rule, 'invalid_input');
  await expectProblem(set({ kind: 'break', service_id }), 'invalid_input');
  const [entry] = await sql`
    select count(*)::integer as n from audit_log
    where clinic_id = ${clinic_id} and action = 'schedule.hours'`;
  expect(entry?.['n']).toBe(2);
});
