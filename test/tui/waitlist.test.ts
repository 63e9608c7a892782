import { expect, test } from 'vitest';
import { view } from '../../src/tui/view.ts';
import { badWidths, openDriver } from './driver.ts';
import { uuid } from './fixture.ts';

// The waiting list by keys: what the desk sees, offers, books and drops.

async function openList(options: Parameters<typeof openDriver>[0] = {}) {
  const driver = await openDriver(options);
  driver.press('w');
  await driver.until('the list', ({ overlay }) =>
    Boolean(overlay?.screen === 'waitlist' && overlay.items),
  );
  return driver;
}

const asked = (driver: Awaited<ReturnType<typeof openList>>, name: string) =>
  driver.api.requests.filter((one) => one.name === name).map(({ request }) => request);

test('shows who waits, what is offered and why somebody was passed over', async () => {
  const driver = await openList();
  await driver.expect('WAITING LIST  3');
  await driver.expect('21/11 10:30 until 11:10');
  driver.press('j');
  await driver.expect('passed over for 21/11 09:00: too few seats');
  await driver.expect('2 seats | 1 unanswered');
  driver.press('j', 'j', 'j');
  await driver.expect('> 2  ムギ');
  await driver.expect('any time');
  driver.press('esc');
  await driver.expectNot('WAITING LIST');
  driver.press('3');
  await driver.expect('WAITING LIST  3');
  driver.close();
});

test('o offers, A asks and books, d asks and drops; the confirming key is another', async () => {
  const driver = await openList();
  driver.press('o');
  await driver.expect('Something is offered already');
  driver.press('j', 'A');
  await driver.expect('Nothing is offered yet');
  driver.press('o');
  await driver.expect('Koko: a place is held and offered (BP30000002)');
  expect(asked(driver, 'offer_waitlist_slot')).toEqual([{ entry_id: uuid(9, 2) }]);
  driver.press('k', 'A');
  await driver.expect('Book it for Mochi');
  // Typed ahead for the screen below: dropped.
  driver.press('y', 'enter');
  expect(asked(driver, 'accept_offer')).toEqual([]);
  driver.pass(400);
  driver.press('y');
  await driver.expect('Mochi booked (BP30000001)');
  expect(asked(driver, 'accept_offer')).toEqual([
    { entry_id: uuid(9, 1), payment_method: 'at_clinic' },
  ]);
  await driver.expect('WAITING LIST  2');
  driver.press('d');
  await driver.expect('off the list?');
  driver.press('esc');
  await driver.expectNot('off the list?');
  driver.press('d');
  driver.pass(400);
  driver.press('y');
  await driver.expect('is off the list');
  await driver.expect('WAITING LIST  1');
  driver.close();
});

test('a refusal says why, and others’ changes are seen', async () => {
  const driver = await openList();
  driver.press('G', 'o');
  await driver.expect('No open slot fits this entry.');
  driver.api.waitlist.items = driver.api.waitlist.items.slice(0, 1);
  driver.send({
    type: 'frame',
    frame: {
      type: 'event',
      event_id: uuid(3, 1),
      sequence: 999_999,
      event_type: 'waitlist.changed',
      aggregate_type: 'waitlist',
      aggregate_id: uuid(9, 3),
      clinic_id: uuid(1, 1),
      correlation_id: null,
      occurred_at: '2026-11-20T10:42:08+07:00',
      payload: {},
    },
  });
  await driver.expect('WAITING LIST  1');
  driver.close();
});

test('a viewer does not have it, a read-only desk only looks', async () => {
  const viewer = await openDriver({ role: 'viewer' });
  viewer.press('w');
  await viewer.expectNot('WAITING LIST');
  viewer.close();
  const reader = await openList({ read_only: true });
  reader.press('o');
  await reader.expectNot('held and offered');
  expect(asked(reader, 'offer_waitlist_slot')).toEqual([]);
  reader.close();
});

test.each(['en', 'ja', 'id'] as const)(
  'keeps every line within the terminal in %s',
  async (lang) => {
    for (const [columns, rows] of [
      [80, 24],
      [120, 40],
    ] as const) {
      const driver = await openList({ lang, columns, rows });
      for (const key of ['j', 'A', 'esc', 'd', 'esc', 'j', 'j', 'd']) {
        driver.press(key);
        const frame = view(driver.state());
        expect(frame.lines).toHaveLength(rows - 1);
        expect(badWidths(frame, columns)).toEqual([]);
      }
      driver.close();
    }
  },
);
