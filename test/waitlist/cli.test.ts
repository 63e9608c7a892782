import { expect, test } from 'vitest';
import { parseWanted, wantedText } from '../../src/domain/wanted.ts';
import { cli } from '../cli/harness.ts';
import { mustHold } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';

// The desk's words about the waiting list, against a real daemon.

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
const clinic = await addClinic(sql);
const service_id = await addService(sql, clinic, { name: 'Checkup' });
const phone = '+628129990077';
const owner = await addOwner(sql, { full_name: 'Rina Waits', phone });
const token = await harness.addKey('desk', clinic.id);

const desk = async (...words: readonly string[]) =>
  await cli([...words, '--clinic', clinic.id, '--json'], {
    env: { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token },
  });

type Document = {
  readonly items: readonly Record<string, unknown>[];
  readonly error: Record<string, unknown> | null;
};

async function said(done: ReturnType<typeof desk>, exit = 0): Promise<Document> {
  const { out, code } = await done;
  const document: Document = JSON.parse(out);
  expect({ code, failed: document.error !== null }).toEqual({ code: exit, failed: exit !== 0 });
  return document;
}

const add = (...more: readonly string[]) =>
  desk('waitlist', 'add', '--owner', phone, '--service', 'checkup', ...more);

test('added, listed, offered by hand, declined, offered, accepted, and off the list', async () => {
  const [entry = {}] = (await said(add('--window', 'mon-fri 09:00-12:00', '--priority', '3')))
    .items;
  expect(entry).toMatchObject({
    status: 'waiting',
    weekdays: [1, 2, 3, 4, 5],
    from_time: '09:00',
    to_time: '12:00',
    priority: 3,
    position: 1,
    pet_name: 'Mochi',
  });
  const id = String(entry['entry_id']);
  const tail = id.slice(-6);
  expect((await said(desk('waitlist', 'list'))).items).toMatchObject([{ entry_id: id }]);
  expect((await said(add(), 6)).error).toMatchObject({ code: 'conflict' });
  const none = await said(desk('waitlist', 'offer', tail), 6);
  expect(none.error).toMatchObject({ next: expect.stringContaining(`waitlist offer ${id} --at`) });
  const slot_id = await addSlot(sql, clinic, service_id);
  const offered = await said(desk('waitlist', 'offer', tail, '--slot', slot_id));
  expect(offered.items).toMatchObject([{ status: 'offered', offer: { slot_id } }]);
  expect((await said(desk('waitlist', 'decline', tail))).items).toMatchObject([
    { status: 'waiting' },
  ]);
  await said(desk('waitlist', 'accept', tail), 6);
  const other = await addSlot(sql, clinic, service_id, { in_hours: 80 });
  await said(desk('waitlist', 'offer', id, '--slot', other));
  const accepted = await said(desk('waitlist', 'accept', id, '--pay', 'cash'));
  expect(accepted.items[0]?.['booking_id']).toEqual(expect.any(String));
  const [shown = {}] = (await said(desk('waitlist', 'show', id))).items;
  expect(shown).toMatchObject({
    status: 'taken',
    offers: [{ ended_as: 'taken' }, { ended_as: 'declined' }],
  });
  await said(desk('waitlist', 'remove', id), 6);
  expect((await said(desk('waitlist', 'list'))).items).toEqual([]);
});

test('a payment link for what is offered, and out again with a reason', async () => {
  const slot_id = await addSlot(sql, clinic, service_id, { in_hours: 100 });
  await mustHold(sql, await addSlot(sql, clinic, service_id, { in_hours: 120 }), owner);
  const [entry = {}] = (await said(add('--from', '+20d', '--to', '+25d'))).items;
  const id = String(entry['entry_id']);
  await said(desk('waitlist', 'offer', id, '--slot', slot_id));
  const [started = {}] = (await said(desk('waitlist', 'accept', id))).items;
  expect(started['payment_url']).toMatch(/^http/);
  const [left = {}] = (await said(desk('waitlist', 'remove', id, '--reason', 'moved away'))).items;
  expect(left).toMatchObject({ status: 'left', left_reason: 'moved away' });
});

test('bad words are answered before anything is asked of the server', async () => {
  const odd = await said(add('--window', 'noonish'), 2);
  expect(String(odd.error?.['detail'])).toContain('neither days nor hours');
  await said(add('--priority', '12'), 2);
  await said(desk('waitlist', 'show', 'x'), 2);
  await said(desk('waitlist', 'show', 'abcdef'), 3);
  await said(desk('waitlist', 'list', '--status', 'odd'), 2);
});

test.each([
  ['', [1, 2, 3, 4, 5, 6, 7], null, null, 'any time'],
  ['mon-fri 09:00-12:00', [1, 2, 3, 4, 5], '09:00', '12:00', 'mon-fri 09:00-12:00'],
  ['sat', [6], null, null, 'sat'],
  ['fri-mon 14:00-', [1, 5, 6, 7], '14:00', null, 'mon,fri-sun 14:00-'],
  ['tue,thu -9am', [2, 4], null, '09:00', 'tue,thu 00:00-09:00'],
  ['senin,rabu', [1, 3], null, null, 'mon,wed'],
])('"%s" is read and written back', (text, weekdays, from_time, to_time, again) => {
  const wanted = parseWanted(text);
  expect(wanted).toEqual({ weekdays, from_time, to_time });
  expect(wantedText({ ...wanted, from_time: from_time ?? '00:00' })).toBe(again);
});

test.each(['12:00-09:00', 'mon tue', '9', 'mon-', '25:00-26:00', '09:00-10:00 11:00-12:00'])(
  '"%s" is refused',
  (text) => {
    expect(() => parseWanted(text)).toThrow();
  },
);
