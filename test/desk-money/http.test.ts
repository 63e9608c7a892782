import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { codeOf, member, send, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, must, type World } from '../http/world.ts';

const harness = await startHarness();
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

async function pay(booking_id: string, body: unknown, token = world.tokens.desk) {
  return await send(world.base, `/v1/bookings/${booking_id}/pay`, { method: 'POST', token, body });
}

test('paying says what was taken and what is left, and which rule refuses', async () => {
  const booking_id = await freshBooking(world, 'at_clinic');
  const part = { payment_method: 'cash', amount: '100000' };
  const no_version = await pay(booking_id, part);
  expect(member(no_version.json, 'rule')).toBe('part_needs_version');
  const taken = await pay(booking_id, { ...part, expected_version: 1 });
  expect(taken.json).toMatchObject({ amount: '100000.00', amount_rest: '150000.00', version: 2 });
  const too_much = await pay(booking_id, { ...part, amount: '150000.01', expected_version: 2 });
  expect(member(too_much.json, 'rule')).toBe('more_than_due');
  expect(codeOf(await pay(booking_id, { ...part, amount: '0' }))).toBe('invalid_input');
  expect(codeOf(await pay(booking_id, { ...part, amount: '1.005' }))).toBe('invalid_input');
  const rest = await pay(booking_id, { payment_method: 'transfer' });
  expect(rest.json).toMatchObject({ amount: '150000.00', already_paid: false });
  const again = await pay(booking_id, { payment_method: 'transfer' });
  expect(again.json).toMatchObject({ amount: '0.00', already_paid: true });
  expect(must(again, 'payment_id')).toBe(must(rest, 'payment_id'));
});

test('a receipt is JSON, text or a page, by format or by Accept', async () => {
  const booking_id = await freshBooking(world, 'at_clinic');
  const payment_id = must(await pay(booking_id, { payment_method: 'cash' }), 'payment_id');
  const address = `/v1/payments/${payment_id}/receipt`;
  const token = world.tokens.customer;
  const get = (query: string, accept?: string) =>
    send(world.base, `${address}${query}`, {
      token,
      headers: accept === undefined ? {} : { accept },
    });
  const json = await get('?lang=id');
  expect(json.json).toMatchObject({ lang: 'id', amount: '250000.00', payment_method: 'cash' });
  const text = await get('?format=text&width=80&lang=ja');
  expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(text.text).toContain('領収書');
  const page = await get('', 'text/html,application/xhtml+xml;q=0.9');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await get('', 'application/json')).json).toMatchObject({ payment_id });
  const stranger = await send(world.base, address, { token: world.other_customer });
  expect(codeOf(stranger)).toBe('not_found');
  const other = await send(world.base, address, { token: world.other_desk });
  expect(codeOf(other)).toBe('not_found');
  const masked = await send(world.base, address, { token: world.tokens.sre });
  expect(masked.json).toMatchObject({ owner_name: '***', pet_name: '***' });
});

test('the desk pays, prints and counts from the command line', async () => {
  const booking_id = await freshBooking(world, 'at_clinic');
  const env = {
    PETPRO_URL: world.base,
    PETPRO_TOKEN: world.tokens.desk,
    PETPRO_CLINIC: world.clinic.id,
  };
  const part = ['pay', booking_id, '--method', 'cash', '--amount', '100000'];
  const taken = await cli([...part, '--json'], { env });
  expect(taken.err).toBe('');
  expect(JSON.parse(taken.out).items[0]).toMatchObject({ amount_rest: '150000.00' });
  expect((await cli(['pay', booking_id, '--method', 'cash'], { env })).code).toBe(0);
  const again = await cli(['pay', booking_id, '--method', 'cash'], { env });
  expect(again.err).toContain('take no money');
  const { reference_code } = JSON.parse(taken.out).items[0];
  const paper = await cli(['receipts', 'print', reference_code, '--speaks', 'en'], { env });
  expect(paper.out).toContain(`${reference_code}-2`);
  const html = await cli(['receipts', 'print', reference_code, '--html'], { env });
  expect(html.out).toMatch(/^<!doctype html>/);
  const day = await cli(['payments', 'day', '--count', '1000', '--json'], { env });
  expect(JSON.parse(day.out).items[0]).toMatchObject({ payment_method: 'cash' });
  const told = await cli(['payments', 'day'], { env, terminal: 100 });
  expect(told.err).toMatch(/should be in the drawer[\s\S]*difference/);
});
