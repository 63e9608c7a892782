import { expect, test } from 'vitest';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { expireDue } from '../../src/daemon/store/reservations.ts';
import {
  acceptOffer,
  claimOpenings,
  endWaitlist,
  offerNext,
} from '../../src/daemon/store/waitlist.ts';
import { createWaitlister } from '../../src/daemon/workers/waitlist.ts';
import { openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { desk, hold, mustHold } from '../helpers/booking.ts';
import { addOwner, addOwners, addSlot } from '../helpers/database.ts';
import { addPlace, addWaiting, by, entryOf, offeredTo, type Place, serve } from './scene.ts';

const { app, sql } = await openBench();
const never = new AbortController().signal;
const ROUNDS = 12;

/** Several daemons at once. */
async function serveTogether(workers: number): Promise<void> {
  const all = Array.from({ length: workers }, () => createWaitlister());
  for (let busy = true; busy; ) {
    const done = await Promise.all(all.map((worker) => worker.tick(app, never)));
    busy = done.some((units) => units > 0);
  }
}

const cancelHold = (reservation_id: string) =>
  sql`select outcome from cancel_reservation(${reservation_id}, 'gone', ${sql.json(desk)})`;

async function fill(place: Place, seats: number): Promise<readonly string[]> {
  const owners = await addOwners(sql, seats);
  return await Promise.all(owners.map((owner) => mustHold(sql, place.slot_id, owner)));
}

/** Entries with more than one live offer, and slots with more holds than seats. */
async function doubles(): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select (
      select count(*) from (
        select entry_id from waitlist_offers where ended_at is null
        group by entry_id having count(*) > 1
      ) as e
    )::integer as count`;
  return row!.count;
}

/** Two slots at different times become free, one person waits, two daemons look. */
async function twoFreedOneWaits(): Promise<string> {
  const place = await addPlace(sql);
  const other = await addSlot(sql, place.clinic, place.service_id, { in_hours: 100 });
  const holds = [
    await mustHold(sql, place.slot_id, await addOwner(sql)),
    await mustHold(sql, other, await addOwner(sql)),
  ];
  const { entry_id } = await addWaiting(sql, place);
  await Promise.all(holds.map(cancelHold));
  const [first, second] = await Promise.all(
    [place.slot_id, other].map((slot_id) => offerNext(sql, slot_id, [], system_actor)),
  );
  expect([first?.outcome, second?.outcome]).toContain('offered');
  return entry_id;
}

test('two freed slots, one who waits, two daemons: one offer', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const entry_id = await twoFreedOneWaits();
    await serveTogether(2);
    const [row] = await sql<{ count: number }[]>`
      select count(*)::integer as count from waitlist_offers where entry_id = ${entry_id}`;
    expect(row).toEqual({ count: 1 });
  }
  expect(await doubles()).toBe(0);
  await expectInvariants(sql);
});

test('one seat, two who wait, three daemons: the first of them, and never both', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const place = await addPlace(sql);
    const [held] = await fill(place, 1);
    const first = await addWaiting(sql, place);
    const second = await addWaiting(sql, place);
    await cancelHold(held!);
    await serveTogether(3);
    expect(await offeredTo(sql, place.slot_id)).toEqual([first.entry_id]);
    expect(await entryOf(sql, second.entry_id)).toMatchObject({ status: 'waiting' });
  }
  await expectInvariants(sql);
});

test('fair: twelve seats in three slots go to the twelve who came first, whoever looks', async () => {
  const seats = 4;
  const place = await addPlace(sql, { capacity: seats });
  const slots = [
    place.slot_id,
    await addSlot(sql, place.clinic, place.service_id, { capacity: seats, in_hours: 75 }),
    await addSlot(sql, place.clinic, place.service_id, { capacity: seats, in_hours: 78 }),
  ];
  const held: string[] = [];
  for (const slot_id of slots) held.push(...(await fill({ ...place, slot_id }, seats)));
  const entries: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    entries.push((await addWaiting(sql, place, { priority: n >= 18 ? 1 : 0 })).entry_id);
  }
  await serve(app);
  await Promise.all([...held.map(cancelHold), serveTogether(4)]);
  await serveTogether(4);
  const offered = (await Promise.all(slots.map((slot_id) => offeredTo(sql, slot_id)))).flat();
  const due = [...entries.slice(18), ...entries.slice(0, 10)];
  expect([...offered].sort()).toEqual([...due].sort());
  await expectInvariants(sql);
});

test('a customer who grabs the freed slot wins or loses cleanly', async () => {
  const winners = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const place = await addPlace(sql);
    const [held] = await fill(place, 1);
    const waiting = await addWaiting(sql, place);
    await cancelHold(held!);
    const rival = await addOwner(sql);
    const grab = () => hold(sql, place.slot_id, rival);
    const [grabbed] = await Promise.all(
      round % 2 === 0 ? [grab(), serveTogether(2)] : [serveTogether(2).then(grab)],
    );
    const offered = await offeredTo(sql, place.slot_id);
    if (grabbed?.outcome === 'ok') {
      winners.add('customer');
      expect(offered).toEqual([]);
      expect(await entryOf(sql, waiting.entry_id)).toMatchObject({ status: 'waiting' });
    } else {
      winners.add('list');
      expect(['slot_taken', 'slot_locked']).toContain(grabbed?.outcome);
      expect(offered).toEqual([waiting.entry_id]);
    }
  }
  expect(winners.has('list')).toBe(true);
  await expectInvariants(sql);
});

test('accept against expiry: kept for the one who said yes, or gone to the next, never both', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const place = await addPlace(sql);
    const first = await addWaiting(sql, place);
    await serve(app);
    const next = await addWaiting(sql, place);
    const { offered_reservation_id } = await entryOf(sql, first.entry_id);
    await sql`
      update reservations set expires_at = clock_timestamp() + ${round} * interval '1 millisecond'
      where id = ${offered_reservation_id}`;
    await sql`
      update slot_claims set expires_at = clock_timestamp() + ${round} * interval '1 millisecond'
      where reservation_id = ${offered_reservation_id}`;
    const [accepted] = await Promise.all([
      acceptOffer(sql, first.entry_id, by(first)),
      expireDue(sql, 100),
      serveTogether(2),
    ]);
    await expireDue(sql, 100);
    await serveTogether(2);
    const offered = await offeredTo(sql, place.slot_id);
    expect(offered).toEqual([accepted.outcome === 'ok' ? first.entry_id : next.entry_id]);
  }
  await expectInvariants(sql);
});

test('accept, decline and a cancel by the clinic at once: one story, the place is not lost', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const place = await addPlace(sql);
    const first = await addWaiting(sql, place);
    await serve(app);
    const next = await addWaiting(sql, place);
    const { offered_reservation_id } = await entryOf(sql, first.entry_id);
    const [accepted, declined] = await Promise.all([
      acceptOffer(sql, first.entry_id, by(first)),
      endWaitlist(sql, first.entry_id, 'decline', null, by(first)),
      cancelHold(offered_reservation_id!),
      serveTogether(2),
    ]);
    expect(['ok', 'conflict']).toContain(accepted.outcome);
    expect(['ok', 'conflict']).toContain(declined.outcome);
    await serveTogether(2);
    const offered = await offeredTo(sql, place.slot_id);
    expect(offered).toHaveLength(1);
    expect([first.entry_id, next.entry_id]).toContain(offered[0]);
  }
  expect(await doubles()).toBe(0);
  await expectInvariants(sql);
});

test('a worker that dies with an opening in hand loses nothing: the next one takes it up', async () => {
  const place = await addPlace(sql);
  const [held] = await fill(place, 1);
  const waiting = await addWaiting(sql, place);
  await serve(app);
  await cancelHold(held!);
  const [taken] = await claimOpenings(sql, 10, 60_000);
  expect(taken).toMatchObject({ slot_id: place.slot_id });
  await serve(app);
  expect(await offeredTo(sql, place.slot_id)).toEqual([]);
  await sql`update waitlist_openings set leased_until = now() where slot_id = ${place.slot_id}`;
  await serveTogether(2);
  expect(await offeredTo(sql, place.slot_id)).toEqual([waiting.entry_id]);
});

test('control: without its guard the first race makes two offers, and the invariants say so', async () => {
  const [definition] = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where proname = 'make_offer'`;
  const { text } = definition!;
  const unsafe = text.replace("if not found or v_w.status <> 'waiting' then", 'if not found then');
  expect(unsafe).not.toBe(text);
  try {
    await sql.unsafe(unsafe);
    await sql`drop index waitlist_offers_live`;
    // Both look before either has decided: the lock of the owner is what the second waits for.
    for (let round = 0; round < 40 && (await doubles()) === 0; round += 1) await twoFreedOneWaits();
    expect(await doubles()).toBeGreaterThan(0);
    await expect(expectInvariants(sql)).rejects.toThrow('offers');
  } finally {
    await sql.unsafe(text);
  }
});
