import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import { mustHold } from '../helpers/booking.ts';
import { addOwner } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { call, member, send, startHarness } from '../http/harness.ts';
import { addPlace, addWaiting, entryOf, offeredTo, type Place, type Waiting } from './scene.ts';

// The whole way with all workers running: freed by the API, told by mail, answered on the page.

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-waitlist-'));
const mail = await startSmtpSink({ dir });
afterAll(async () => {
  await mail.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});
const public_url = 'https://book.example.test';
const harness = await startHarness({ SMTP_URL: mail.smtp_url, PETPRO_PUBLIC_URL: public_url });
const { sql } = harness;
const base = harness.daemon.url;
const desk = await harness.addKey('desk');

/** Frees a slot by the API; answers the address in the mail that the one who waits gets. */
async function linkOf({ place, waiting }: { place: Place; waiting: Waiting }): Promise<string> {
  const [row] = await sql<{ reservation_id: string }[]>`
    select reservation_id from slot_claims where slot_id = ${place.slot_id}`;
  const params = { reservation_id: row!.reservation_id };
  const cancelled = await call(base, 'cancel_reservation', { params }, { token: desk });
  expect(cancelled.status).toBe(200);
  const found = await eventually('the mail of the offer', async () => {
    const { offered_reservation_id } = await entryOf(sql, waiting.entry_id);
    const [held] = await sql<{ reference_code: string }[]>`
      select reference_code from reservations where id = ${offered_reservation_id}`;
    return mail.list().find(({ subject }) => subject.includes(held?.reference_code ?? 'none yet'));
  });
  const [link] =
    /https:\/\/book\.example\.test\/offers\/[0-9a-f-]{36}/.exec(found.text ?? '') ?? [];
  expect(link).toBeDefined();
  return link!.slice(public_url.length);
}

async function scene(): Promise<{ place: Place; waiting: Waiting }> {
  const place = await addPlace(sql);
  await mustHold(sql, place.slot_id, await addOwner(sql));
  return { place, waiting: await addWaiting(sql, place) };
}

const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
const post = (address: string) => send(base, address, { ...form, raw_body: '' });

test('a place becomes free: mail, page, yes, payment, booking', async () => {
  const made = await scene();
  const address = await linkOf(made);
  const page = await send(base, address);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
  expect(page.text).toContain(`action="${address}/accept"`);
  // Looking has answered nothing.
  expect(await entryOf(sql, made.waiting.entry_id)).toMatchObject({ status: 'offered' });
  const accepted = await post(`${address}/accept`);
  const [, url] = /href="(http[^"]+)"/.exec(accepted.text) ?? [];
  expect(url).toContain(harness.stripe_url);
  const reference_code = /BP\d{8}/.exec(accepted.text)?.[0];
  await fetch(`${harness.stripe_url}/sandbox/pay`, {
    method: 'POST',
    body: JSON.stringify({ ref: reference_code, outcome: 'success' }),
  });
  await eventually('it is booked', async () => {
    return (await entryOf(sql, made.waiting.entry_id)).status === 'taken';
  });
  const params = { booking_id: reference_code! };
  const booking = await call(base, 'get_booking', { params }, { token: desk });
  expect(member(booking.json, 'status')).toBe('confirmed');
  expect((await post(`${address}/decline`)).text).toContain('Booked');
  expect(await entryOf(sql, made.waiting.entry_id)).toMatchObject({ status: 'taken' });
});

test('declined on the page: the next one gets a mail of their own, the old link says that it is over', async () => {
  const made = await scene();
  const next = await addWaiting(sql, made.place);
  const address = await linkOf(made);
  expect((await post(`${address}/decline`)).text).toContain('next in line');
  await eventually('the next one is asked', async () => {
    return (await offeredTo(sql, made.place.slot_id)).includes(next.entry_id);
  });
  const late = await post(`${address}/accept`);
  expect(late.status).toBe(200);
  expect(late.text).toContain('has ended');
  expect((await send(base, address)).text).not.toContain('<form');
  const { status } = await entryOf(sql, next.entry_id);
  expect(status).toBe('offered');
});

test('a link that is none is not found', async () => {
  for (const token of ['nonsense', '00000000-0000-4000-8000-000000000000']) {
    expect((await send(base, `/offers/${token}`)).status).toBe(404);
    expect((await post(`/offers/${token}/accept`)).status).toBe(404);
  }
});
