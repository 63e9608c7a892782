import { expect, test } from 'vitest';
import { createBooking } from '../../src/daemon/actions/create-booking.ts';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { getReservation } from '../../src/daemon/actions/get-reservation.ts';
import { listSlots } from '../../src/daemon/actions/list-slots.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { addClinic, addOwner, addService, addSlot, addStaff } from '../helpers/database.ts';
import { customer, no_key, openBench } from './bench.ts';

const { app, sql, pay, drain, mail } = await openBench();

test('hold, pay, confirm, mail with calendar', async () => {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic, { name: 'Checkup' });
  const staff_id = await addStaff(sql, clinic, 'Andi');
  const slot_id = await addSlot(sql, clinic, service_id, { staff_id });
  const owner = await addOwner(sql, { full_name: 'Siti Rahmawati', pet_name: 'Mochi' });
  const who = customer(owner.user_id);

  const query = { service_id, explain: false, limit: 50 };
  const open = await listSlots(app, who, query);
  expect(shapes.list_slots.output.parse(open).items.map((slot) => slot.slot_id)).toEqual([slot_id]);

  const input = {
    service_id,
    slot_id,
    pet_id: owner.pet_id,
    quantity: 1,
    payment_method: 'checkout',
  } as const;
  const started = shapes.create_booking.output.parse(await createBooking(app, who, input, no_key));
  expect(started).toMatchObject({ amount: '250000.00', booking_id: null, replayed: false });
  expect(started.payment_url).toContain('http');
  expect((await listSlots(app, who, query)).items).toEqual([]);

  await pay(started.reference_code);
  const reservation = await getReservation(app, who, started);
  expect(shapes.get_reservation.output.parse(reservation)).toMatchObject({ status: 'confirmed' });

  await drain('relay', 'dispatcher');
  const booking = await getBooking(app, who, { booking_id: started.reference_code });
  expect(shapes.get_booking.output.parse(booking)).toMatchObject({
    status: 'confirmed',
    payment_state: 'paid',
    staff_name: 'Andi',
    payments: [{ status: 'success', amount: '250000.00', payment_method: 'checkout' }],
    messages: [{ channel: 'email', type: 'booking_confirmed', status: 'sent' }],
  });
  const [letter, ...others] = mail.list();
  expect(others).toEqual([]);
  expect(letter?.subject).toContain('Booked: Mochi');
  const raw = await (await fetch(`${mail.outbox_url}/messages/${letter?.id}.eml`)).text();
  expect(raw).toContain('method=PUBLISH');
});
