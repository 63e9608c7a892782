import { afterAll, describe, expect, test } from 'vitest';
import { renderMail, renderSms } from '../../src/daemon/messages/render.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { findMailFacts } from '../../src/daemon/store/mail-facts.ts';
import { confirmReservation } from '../../src/daemon/store/reservations.ts';
import { mail_types } from '../../src/domain/message.ts';
import { addScene, desk, hold } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { addWaiting } from '../waitlist/scene.ts';
import { addHall } from './seat-scene.ts';

const { sql } = await createTestDatabase();
afterAll(async () => {
  await assertInvariants(sql);
});

async function addPlaceOf(kind: string) {
  const scene = await addScene(sql);
  await sql`update clinics set kind = ${kind} where id = ${scene.clinic.id}`;
  return scene;
}

describe('who holds for whom', () => {
  test.each(['salon', 'venue'])('a %s does not ask for a pet', async (kind) => {
    const { slot_id, owner } = await addPlaceOf(kind);
    const held = await hold(sql, slot_id, { ...owner, pet_id: null });
    expect(held.outcome).toBe('ok');
    const reservation_id = held.reservation_id ?? '';
    await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
    const [booking] = await sql`
      select b.pet_id, b.pet_snapshot, w.pet_name from bookings b
      join booking_rows w on w.booking_id = b.id
      where b.reservation_id = ${reservation_id}`;
    expect(booking).toEqual({ pet_id: null, pet_snapshot: {}, pet_name: null });
  });

  test('a clinic does, and takes only a pet of the owner', async () => {
    const { slot_id, owner } = await addPlaceOf('clinic');
    const nobody = await hold(sql, slot_id, { ...owner, pet_id: null });
    expect(nobody.outcome).toBe('not_found');
    const other = await addPlaceOf('salon');
    const stranger = { user_id: other.owner.user_id, pet_id: owner.pet_id };
    expect((await hold(sql, other.slot_id, stranger)).outcome).toBe('not_found');
  });

  test('an owner whom nobody knows is refused everywhere', async () => {
    const { slot_id } = await addPlaceOf('salon');
    const unknown = { user_id: '00000000-0000-4000-8000-000000000001', pet_id: null };
    expect((await hold(sql, slot_id, unknown)).outcome).toBe('not_found');
  });

  test('who waits for a salon waits without a pet too', async () => {
    const { clinic, service_id, slot_id, owner } = await addPlaceOf('salon');
    const place = { clinic, service_id, slot_id };
    const { entry_id } = await addWaiting(sql, place, {
      owner: { ...owner, pet_id: null as unknown as string },
    });
    const [entry] = await sql`select pet_id from waitlist_entries where id = ${entry_id}`;
    expect(entry).toEqual({ pet_id: null });
  });
});

describe('what is written about it', () => {
  test.each(['en', 'id', 'ja'] as const)('mails and SMS in %s name the service', async (lang) => {
    const { slot_id } = await addHall(sql, { tiers: false });
    const [user] = await sql<{ id: string }[]>`
      insert into users (full_name, email, lang) values ('Sari', 'sari@example.com', ${lang})
      returning id`;
    const wish = { quantity: 2, wish: { labels: ['A-1', 'A-2'] } };
    const held = await hold(sql, slot_id, { user_id: user!.id, pet_id: null }, wish);
    const row = await findMailFacts(sql, held.reservation_id ?? '');
    const facts = row!.facts;
    for (const type of mail_types) {
      const { subject, text } = await renderMail(type, facts);
      const all = [subject, text, renderSms(type, facts, 3)].join(' ');
      expect(all).not.toMatch(/null|undefined| 's | {2,}appointment/);
      expect(text).toContain('A-1, A-2');
    }
    expect((await renderMail('booking_confirmed', facts)).subject).toContain(facts.service_name);
  });
});
