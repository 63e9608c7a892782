import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import { askReady } from '../../src/tui/effects-health.ts';
import { wordsOf } from '../../src/tui/i18n/text.ts';
import type { Lang } from '../../src/tui/model.ts';
import {
  alert_columns,
  check_columns,
  kpi_columns,
  view_columns,
} from '../../src/tui/screens/health.ts';
import { FACT } from '../../src/tui/screens/locks.ts';
import { wall_columns } from '../../src/tui/screens/wall.ts';
import { view } from '../../src/tui/view.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';

/** Screen 7 by its keys: somebody who was woken at three. */

let driver: Driver;
afterEach(() => driver?.close());

async function start(options: DriverOptions = {}): Promise<void> {
  driver = await openDriver({ role: 'sre', ...options });
  driver.press('7');
  await driver.until('the first look', ({ health }) => health.looked_ms !== null);
}

const lines = () => driver.text().split('\n');
const requests = (name: string) => driver.api.requests.filter((one) => one.name === name);

describe('the screen', () => {
  it('begins with what needs somebody, and names the next command', async () => {
    await start();
    expect(lines()[3]).toContain('ALERTS CRIT 1  WARN 0  quiet 1');
    expect(lines()[5]).toMatch(/^> CRIT +The inventory does not fit together +1 > 0 +10:41/);
    expect(lines()[6]).toMatch(/^ {2}acked Messages/);
    expect(lines()[7]).toMatch(/^ {2}soon +Answers are slow +2,120 > 2,000 ms/);
    await driver.expect('-> petpro reconcile run --fix --dry-run');
    driver.press('y');
    expect(driver.copied).toEqual(['petpro reconcile run --fix --dry-run']);
  });

  it('goes from panel to panel, and each keeps its cursor', async () => {
    await start();
    driver.press('j', 'tab');
    await driver.expect('FIGURES 1 OVER');
    expect(lines()[5]).toMatch(/^> inv\. mismatch +1 .*# {2}> 0 +CRIT/);
    driver.press('tab');
    await driver.expect('CHECKS 1 NOT OK, 4 ok');
    expect(lines()[5]).toMatch(/^> redis +SLOW +200 ms +up, breaker open/);
    driver.press('tab');
    await driver.expect('VIEWS 1 OLD of 3');
    expect(lines()[5]).toMatch(/^> booking_completion_rates +3h OLD +84ms +1420 +canceling/);
    driver.press('tab');
    expect(lines()[6]).toMatch(/^> acked Messages/);
    driver.press('shift-tab');
    await driver.expect('VIEWS 1 OLD of 3');
  });

  it('says what is stale, since when and why, and keeps showing it', async () => {
    await start();
    driver.api.health.broken.add('kpis');
    driver.pass(6_000);
    await driver.until('the failure', ({ health }) => health.problems.kpis !== null);
    driver.press('tab');
    await driver.expect('STALE 10:42:07: ');
    await driver.expect('bookings/min');
    driver.press('shift-tab');
    expect(driver.text()).not.toContain('STALE');
    driver.api.health.broken.clear();
    driver.pass(6_000);
    await driver.until('the cure', ({ health }) => health.problems.kpis === null);
  });

  it('writes nothing while nothing changes, and asks for nothing while it is hidden', async () => {
    await start();
    const before = view(driver.state());
    const asked = requests('list_alerts').length;
    driver.pass(6_000);
    await driver.until('another look', () => requests('list_alerts').length > asked);
    await driver.until('its answer', ({ health }) => !health.in_flight);
    expect(view(driver.state())).toEqual(before);
    driver.press('5');
    const hidden = requests('list_alerts').length;
    driver.pass(30_000);
    expect(requests('list_alerts')).toHaveLength(hidden);
  });

  it('belongs to those who run the place or its machines', async () => {
    await start({ role: 'manager' });
    await driver.expect('CRIT 1');
    expect(requests('list_views')).toHaveLength(0);
    expect(driver.text()).not.toContain('VIEWS');
    driver.press('A');
    await driver.expect('manager');
    expect(requests('ack_alert')).toHaveLength(0);
    driver.close();
    driver = await openDriver({ role: 'desk' });
    driver.press('7');
    expect(driver.state().place).toBe('board');
    await driver.expect('desk');
  });
});

describe('an alert', () => {
  it('is looked after by whoever says so, once', async () => {
    await start();
    driver.press('A', 'A');
    await driver.expect('You look after');
    expect(requests('ack_alert').map(({ request }) => request)).toEqual([
      { name: 'inventory_mismatch' },
    ]);
    await driver.expect('acked by rina');
    driver.press('A');
    await driver.expect('since 10:42');
    driver.press('G', 'A');
    await driver.expect('It does not fire');
  });

  it('is muted with a reason and an end, and heard again', async () => {
    await start();
    driver.press('M', 'ctrl-g');
    expect(requests('mute_alert')).toHaveLength(0);
    driver.pass(400);
    driver.press('ctrl-g');
    await driver.expect('reason');
    driver.press('shift-tab', 'right', 'tab');
    driver.type('INC-230');
    driver.press('enter');
    expect(requests('mute_alert')).toHaveLength(0);
    driver.press('ctrl-g');
    await driver.expect('is muted');
    expect(requests('mute_alert')[0]?.request).toEqual({
      name: 'inventory_mismatch',
      for_s: 14_400,
      reason: 'INC-230',
    });
    await driver.expect('muted until 14:42');
    const index = driver.state().health.alerts?.items.findIndex((one) => one.muted_until !== null);
    expect(index).toBeGreaterThanOrEqual(0);
    driver.press('M');
    await driver.expect('UNMUTE');
    driver.pass(400);
    driver.press('ctrl-g');
    await driver.expect('heard again');
  });

  it('is left alone by Enter, Esc, a paste, and without the right to write', async () => {
    await start({ read_only: true });
    driver.press('M');
    expect(driver.state().overlay).toBeNull();
    driver.press('A');
    expect(requests('ack_alert')).toHaveLength(0);
    driver.close();
    await start();
    driver.press('M');
    driver.pass(400);
    driver.send({ type: 'paste', text: 'because\nof it\n' });
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    driver.press('M', 'esc');
    expect(driver.state().overlay).toBeNull();
    expect(requests('mute_alert')).toHaveLength(0);
  });

  it('opens in full, and its page follows it', async () => {
    await start();
    driver.press('enter');
    await driver.expect('somebody may come for a seat');
    driver.press('A');
    await driver.expect('rina 10:42');
    driver.press('esc');
    expect(driver.state().overlay).toBeNull();
  });
});

describe('views and reconcile', () => {
  it('refreshes a view after showing what that takes', async () => {
    await start();
    driver.press('V');
    await driver.expect('Choose the view');
    driver.press('V');
    driver.pass(400);
    driver.press('tab', 'tab', 'tab', 'V');
    await driver.expect('The last one took 91 ms. Readers wait meanwhile.');
    driver.pass(400);
    driver.press('ctrl-g');
    await driver.expect('a worker refreshes it within seconds');
    expect(requests('refresh_view')[0]?.request).toEqual({
      view_name: 'booking_completion_rates',
      concurrently: false,
    });
  });

  it('compares without changing anything', async () => {
    await start();
    driver.press('O');
    await driver.expect('1 kinds of mismatch');
    await driver.expect('-> petpro trace BP10000127');
    expect(requests('reconcile')[0]?.request).toEqual({ dry_run: true });
    driver.press('esc');
    expect(driver.state().overlay).toBeNull();
  });
});

describe('the wall', () => {
  const wall = { columns: 120, rows: 40 };

  it('shows every panel at once, what needs somebody first', async () => {
    await start(wall);
    await driver.until('all of it', (state) => state.locks.page !== null && !!state.jobs.page);
    for (const text of ['LOCKS 2 live', 'FIGURES', 'JOBS 4 waiting', '>ALERTS', 'LOAD', 'CHECKS']) {
      expect(driver.text()).toContain(text);
    }
    expect(driver.text()).toContain('EVENTS');
    expect(driver.text()).toContain('-> petpro reconcile run --fix --dry-run');
    expect(driver.text()).toMatch(/SLOW redis up, breaker open/);
    expect(driver.text()).not.toMatch(/Siti|Rahmawati|\+62/);
  });

  it('goes from panel to panel, and from there to its screen and back', async () => {
    await start(wall);
    driver.press('tab', 'tab');
    expect(lines().some((line) => line.includes('>CHECKS'))).toBe(true);
    driver.press('tab');
    expect(lines().some((line) => line.startsWith('>EVENTS'))).toBe(true);
    driver.press('tab', 'enter');
    expect(driver.state().place).toBe('locks');
    driver.press('7', 'tab', '+');
    await driver.expect('FIGURES 1 OVER');
    expect(driver.text()).not.toContain('EVENTS  ');
    driver.press('esc');
    await driver.expect('CHECKS');
  });

  it('is one panel at a time where there is no room, and asks for no more than it shows', async () => {
    await start({ columns: 120, rows: 39 });
    expect(driver.text()).not.toContain('LOCKS 2');
    expect(requests('list_locks')).toHaveLength(1);
    driver.send({ type: 'resize', ...wall });
    await driver.until('the locks', ({ locks }) => locks.page !== null);
    await driver.expect('LOCKS 2 live');
  });

  it('keeps still between two looks', async () => {
    await start(wall);
    await driver.until('all of it', (state) => state.locks.page !== null && !!state.jobs.page);
    driver.pass(1);
    const before = view(driver.state());
    driver.pass(2_000);
    await driver.until('quiet', ({ locks, jobs }) => !locks.in_flight && !jobs.in_flight);
    expect(view(driver.state())).toEqual(before);
  });
});

describe('/readyz', () => {
  const serve = async (status: number, body: string) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { server, url: `ws://127.0.0.1:${port}/events` };
  };

  it('is read also when it says no, and never trusted to be well made', async () => {
    const checks = [{ name: 'database', status: 'down', detail: 'does not answer' }, { a: 1 }, 7];
    const { server, url } = await serve(503, JSON.stringify({ version: '1', checks }));
    expect(await askReady(url)).toEqual({
      version: '1',
      draining: false,
      checks: [{ name: 'database', status: 'down', detail: 'does not answer', latency_ms: null }],
    });
    server.close();
    const broken = await serve(200, '<html>');
    await expect(askReady(broken.url)).rejects.toMatchObject({ code: 'unavailable' });
    broken.server.close();
  });
});

describe.each<Lang>(['en', 'ja', 'id'])('the words in %s', (lang) => {
  it('fit their columns', () => {
    const { health, ops } = wordsOf(lang);
    const { heads, view_heads } = health;
    const tight: readonly (readonly [number, readonly string[]])[] = [
      [8, [...Object.values(health.panels), ops.screens.health]],
      [kpi_columns.figure, [...Object.values(health.kpis), heads.figure]],
      [alert_columns.state, [...Object.values(health.states), heads.state]],
      [alert_columns.now, [heads.now]],
      [alert_columns.limit, [heads.limit]],
      [kpi_columns.limit, [heads.limit]],
      [check_columns.state, Object.values(health.checks)],
      [view_columns.age, [view_heads.age, health.under_minute, health.never]],
      [view_columns.took, [view_heads.took]],
      [wall_columns.limit, Object.values(health.states)],
      [FACT - 2, Object.values(health.facts)],
      [5, [health.old]],
      [14, Object.values(health.hints)],
      [78, [health.deed_keys, health.fact_keys, health.reconcile_dry(99), health.mute_effect]],
      [76, [health.choose_view, health.no_alert, health.own_clinic_only]],
    ];
    const long = tight.flatMap(([budget, texts]) =>
      texts.filter((text) => displayWidth(text) > budget),
    );
    expect(long).toEqual([]);
  });
});
