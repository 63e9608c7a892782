import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { sparkline } from '../../src/tui/screens/load.ts';
import { barChart, perSecond } from '../../src/tui/screens/load-chart.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { figureProgress, runOf } from './fixture-ops.ts';

/** The load screen by keys, with a k6 whose words are said by hand. */

let driver: Driver;
afterEach(() => driver.close());

async function start(options: DriverOptions = {}): Promise<void> {
  driver = await openDriver({ role: 'ci', ...options });
  await driver.until('the runs', (state) => (state.load.list?.runs.length ?? 0) > 0);
}

function begin(): void {
  driver.press('S');
  driver.pass(300);
  driver.press('y');
}

describe('a run', () => {
  it('starts on y after the question, shows its figures, and ends with its report', async () => {
    await start();
    driver.press('S', 'y');
    expect(driver.load.started).toEqual([]);
    driver.pass(300);
    driver.press('down', 'tab', 'y');
    expect(driver.load.started).toEqual(['clinic-day full']);
    await driver.expect('Making slots, owners and keys');
    driver.load.progress(figureProgress());
    await driver.expect('1000 of 1000 VUs -> 2 slots');
    await driver.expect('DOUBLE BOOKINGS  0   PASS so far');
    await driver.expect('confirmed 1   409 18 190   5xx 0   timeouts 13');
    await driver.expect('p99 411ms  max 604ms');
    await driver.expect('8 LOAD 60%');
    driver.press('1');
    await driver.expect('8 load 60%');
    driver.load.end(runOf(41));
    await driver.expect('run 41 PASSED, double bookings 0');
    driver.press('8');
    await driver.expect('>  41');
    await driver.expect('requests 19 960');
    await driver.expect('DOUBLE BOOKINGS  0   PASSED');
    await driver.expect('all 24 rules held');
  });

  it('fails in words when a seat was given away twice', async () => {
    await start();
    begin();
    const progress = figureProgress();
    driver.load.progress({ ...progress, facts: { ...progress.facts, double_bookings: 2 } });
    await driver.expect('DOUBLE BOOKINGS  2   FAIL');
    driver.load.end(runOf(41, { verdict: 'FAILED', double_bookings: 2 }));
    await driver.expect('ERROR 10:42:07 run 41 FAILED, double bookings 2');
  });

  it('is stopped by S and y, and not by Enter', async () => {
    await start();
    begin();
    driver.press('S');
    driver.pass(300);
    driver.press('enter');
    expect(driver.load.stops).toBe(0);
    driver.press('S');
    await driver.expect('STOP THE LOAD RUN');
    driver.pass(300);
    driver.press('y');
    expect(driver.load.stops).toBe(1);
    await driver.expect('run 41 STOPPED');
    expect(driver.state().load.is_running).toBe(false);
  });

  it('is stopped with the console, which asks first', async () => {
    await start();
    begin();
    driver.press('q');
    await driver.expect('A load run is under way.');
    driver.pass(300);
    driver.press('y');
    expect(driver.quits).toEqual([0]);
    driver.close();
    expect(driver.load.stops).toBe(1);
  });

  it('says how to get k6 when there is none', async () => {
    await start();
    driver.load.k6 = null;
    driver.press('ctrl-r');
    await driver.expect('k6 was not found: bash scripts/get-k6.sh');
    driver.press('S');
    expect(driver.state().overlay).toBeNull();
  });

  it('says why it was refused', async () => {
    await start();
    driver.load.failure = new AppError('policy_refused', 'No load on db1: it is production.', {
      next: 'petpro load run --target-is-mine --yes-really',
    });
    begin();
    await driver.expect('No load on db1: it is production. (petpro load run --target-is-mine');
    expect(driver.state().load.is_running).toBe(false);
  });

  it('cannot be started in read-only mode, nor by roles without it', async () => {
    await start({ read_only: true });
    driver.press('S');
    await driver.expect('read-only: nothing was changed');
    driver.close();
    driver = await openDriver({ role: 'manager' });
    driver.press('8');
    await driver.expect('The role manager may not do that');
    expect(driver.state().place).toBe('board');
  });
});

describe('reports', () => {
  it('open, are compared with the run before of the same kind, and exported', async () => {
    await start();
    driver.press('enter');
    await driver.expect('RUN 40  one-slot full  PASSED');
    driver.press('esc', '=');
    await driver.expect('RUN 39 -> RUN 40');
    await driver.expect('2089.7 % WORSE');
    driver.press('esc', 'E');
    await driver.expect('report /var/petpro/load/runs/0040/report.html');
    expect(driver.copied).toEqual(['/var/petpro/load/runs/0040/report.html']);
    driver.press('down');
    await driver.expect('MISSED 1: no double booking');
    driver.press('G', '=');
    await driver.expect('No earlier run of the same scenario and form.');
  });
});

describe('a sparkline', () => {
  it('has the largest value at its highest step, and nothing for nothing', () => {
    expect(sparkline([1, 4, 2, 0], ' .:#')).toBe('.#: ');
    expect(sparkline([0, 0], ' .:#')).toBe('');
    expect(sparkline([1, 2, 3], ' .:#', 2)).toBe(':#');
  });
});

describe('the charts', () => {
  it('stand below the figures where the screen has room, with their highest values', async () => {
    await start({ columns: 120, rows: 40 });
    begin();
    driver.load.progress(figureProgress());
    const { samples } = figureProgress();
    const top = Math.round(Math.max(...perSecond(samples).map(({ rps }) => rps)));
    await driver.expect(`rps, max ${String(top).replace(/(?=...$)/, ' ')}`);
    await driver.expect('p95 ms, max ');
    // The big line has one of its colour above and below it.
    await driver.expect('   DOUBLE BOOKINGS  0     PASS so far');
  });

  it('count each second once, whenever its samples came', () => {
    const [first] = figureProgress().samples;
    const at = (elapsed_ms: number, requests: number) => ({ ...first!, elapsed_ms, requests });
    const seconds = perSecond([at(500, 10), at(900, 30), at(1_400, 60), at(1_900, 130)]);
    expect(seconds.map(({ rps }) => Math.round(rps))).toEqual([33, 100]);
    expect(perSecond([])).toEqual([]);
  });

  it('have the largest value at full height, and nothing is never nothing', () => {
    expect(barChart([0, 1, 4, 8], 2, ' .:#')).toEqual(['   #', ' .##']);
    expect(barChart([0, 0], 2, ' .:#')).toEqual(['  ', '  ']);
    expect(barChart([], 1, ' .:#')).toEqual(['']);
    expect(barChart([1, 1_000_000], 3, ' .:#').at(-1)?.[0]).toBe('.');
  });
});
