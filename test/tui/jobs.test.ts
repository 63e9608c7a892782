import { afterEach, describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../src/domain/events.ts';
import type { State } from '../../src/tui/model.ts';
import { TAIL_MAX } from '../../src/tui/tail.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { figureEvents } from './fixture-jobs.ts';

/** The tasks of a woken operator by keys: find why a queue hangs, mend it, see it drain. */

let driver: Driver;
afterEach(() => driver.close());

const isSettled = ({ jobs }: State) => jobs.page !== null && !jobs.in_flight && !jobs.wanted;

async function start(options: DriverOptions = {}): Promise<Driver> {
  driver = await openDriver({ role: 'sre', ...options });
  driver.press('6');
  await driver.until('the queues', isSettled);
  return driver;
}

/** Goes down to the jobs of the first cause of the queue on that row. */
async function openJobs(row: number): Promise<void> {
  driver.press(...Array.from({ length: row }, () => 'j'), 'enter');
  await driver.until('the causes', ({ jobs }) => jobs.detail !== null);
  driver.press('enter');
  await driver.until('the jobs', ({ jobs }) => jobs.level === 'jobs' && jobs.detail !== null);
}

async function openDeed(key: string): Promise<void> {
  driver.press(key);
  await driver.until('the plan', ({ overlay }) =>
    Boolean(overlay?.screen === 'jobdeed' && overlay.plan !== null),
  );
  driver.pass(300);
}

const audit = () => driver.api.jobs.audit;

describe('the queues', () => {
  it('say what waits, what is dead, and why', async () => {
    await start();
    await driver.expect('JOBS 4 waiting  24 DEAD');
    await driver.expect('email           1     1      1      3');
    await driver.expect('The gateway did not answ');
    await driver.expect('6 JOBS(24)');
    driver.press('1');
    await driver.expect('6 jobs(24)');
  });

  it('lead to the causes, to the jobs, to one job whole, and back', async () => {
    await start();
    driver.press('j', 'enter');
    await driver.expect('DEAD          2  20/11 09:30 20/11 09:41  smtp 451 4.7.1');
    driver.press('enter');
    await driver.expect('EMAIL  smtp 451 4.7.1');
    await driver.expect('BP10000119');
    driver.press('enter');
    await driver.expect('PAYLOAD');
    await driver.expect('owner_name           ***');
    driver.press('esc', 'esc');
    await driver.expect('every job of this queue');
    expect(driver.text()).toContain('> DEAD          2');
    driver.press('esc');
    await driver.expect('> email');
  });

  it('show every job of a queue, those that need somebody first', async () => {
    await start();
    driver.press('j', 'enter');
    await driver.until('the causes', ({ jobs }) => jobs.detail !== null);
    driver.press('G', 'enter');
    await driver.expect('running');
    await driver.expect('ready    20/11 10:41');
    expect(driver.state().jobs.detail?.items.map(({ state }) => state)).toEqual([
      'dead',
      'dead',
      'dead',
      'retry',
      'running',
      'ready',
    ]);
  });

  it('are asked for every three seconds, and never behind a dialog or another screen', async () => {
    await start();
    const asked = () => driver.api.calls.filter((name) => name === 'list_jobs').length;
    const before = asked();
    driver.pass(3_100);
    await driver.until('an answer', isSettled);
    expect(asked()).toBe(before + 1);
    await openDeedOfSms();
    driver.pass(20_000);
    expect(asked()).toBe(before + 1);
    driver.press('esc', '1');
    const hidden = asked();
    driver.pass(60_000);
    expect(asked() - hidden).toBeLessThanOrEqual(1);
  });

  it('stay on screen when they cannot be read, with the reason above', async () => {
    await start();
    driver.api.is_down = true;
    driver.press('ctrl-r');
    await driver.expect('The queues cannot be read: The server does not answer');
    await driver.expect('outbox');
    driver.api.is_down = false;
    driver.pass(5_100);
    await driver.expect('JOBS 4 waiting');
  });

  it('are for those who run the machines', async () => {
    driver = await openDriver({ role: 'desk' });
    driver.press('6');
    await driver.expect('desk');
    expect(driver.state().place).toBe('board');
    driver.press('9');
    expect(driver.state().place).toBe('board');
    expect(driver.api.calls).not.toContain('list_jobs');
  });
});

async function openDeedOfSms(): Promise<void> {
  driver.press('j', 'j');
  await openDeed('R');
}

describe('retry', () => {
  it('of a cause shows the frozen plan, wants a reason, and is followed until it is out', async () => {
    await start();
    driver.press('j', 'enter');
    await driver.until('the causes', ({ jobs }) => jobs.detail !== null);
    await openDeed('R');
    await driver.expect('2 jobs would be sent once more');
    await driver.expect('plan PL91, frozen until 10:57');
    driver.press('ctrl-g');
    await driver.expect('A reason is needed');
    driver.press('tab', ...'INC-230', 'ctrl-g');
    await driver.expect('email: 2 jobs in line again');
    expect(audit()).toMatchObject([{ what: 'retry', reason: 'INC-230' }]);
    expect(audit()[0]?.ids).toHaveLength(2);
    await driver.expect('email 0/2 out, 2 wait');
    const [first, second] = audit()[0]?.ids ?? [];
    driver.api.jobs.items = driver.api.jobs.items.filter((one) => one.job_id !== first);
    driver.pass(3_100);
    await driver.expect('email 1/2 out, 1 wait');
    driver.api.jobs.items = driver.api.jobs.items.map((one) =>
      one.job_id === second ? { ...one, state: 'dead', cause: 'smtp 451 4.7.1' } : one,
    );
    driver.pass(3_100);
    await driver.expect('email 1/2 out, 1 DEAD');
  });

  it('of more than a handful wants the count typed', async () => {
    await start();
    await openDeedOfSms();
    driver.press('tab', ...'INC-231', 'ctrl-g');
    await driver.expect('Type 21 to confirm.');
    driver.press('tab', ...'20', 'ctrl-g');
    await driver.expect('Type 21 to confirm.');
    expect(audit()).toEqual([]);
    driver.press('backspace', '1', 'ctrl-g');
    await driver.expect('sms: 21 jobs in line again');
  });

  it('is left by Enter and Esc, and drops keys of the first moments', async () => {
    await start();
    driver.press('j', 'j', 'R', 'tab', ...'INC-1', 'ctrl-g');
    await driver.until('the plan', ({ overlay }) =>
      Boolean(overlay?.screen === 'jobdeed' && overlay.plan !== null),
    );
    const box = driver.state().overlay;
    expect(box?.screen === 'jobdeed' && box.reason.text).toBe('');
    driver.pass(300);
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    await openDeed('R');
    driver.press('esc');
    expect(driver.state().overlay).toBeNull();
    expect(audit()).toEqual([]);
  });

  it('touches what was frozen alone: what died later stays, what changed is told', async () => {
    await start();
    driver.press('j', 'enter');
    await driver.until('the causes', ({ jobs }) => jobs.detail !== null);
    await openDeed('R');
    const { items } = driver.api.jobs;
    const [dead] = items.filter((one) => one.cause === 'smtp 451 4.7.1');
    if (dead === undefined) throw new Error('the figure has dead mails');
    driver.api.jobs.changing.add(dead.job_id);
    const late = { ...dead, job_id: `${dead.job_id.slice(0, -4)}9999` };
    driver.api.jobs.items = [...items, late];
    driver.press('tab', ...'INC-232', 'ctrl-g');
    await driver.expect('1 DONE, 1 LEFT AS THEY ARE');
    await driver.expect('left: it has changed since');
    expect(audit()[0]?.ids).not.toContain(late.job_id);
  });

  it('of marked jobs takes them one by one, and counts what was left', async () => {
    await start();
    await openJobs(1);
    driver.press(' ', ' ');
    await driver.expect('2 marked');
    const [first] = driver.state().jobs.detail?.items ?? [];
    driver.api.jobs.changing.add(first?.job_id ?? '');
    await openDeed('R');
    await driver.expect('frozen as listed');
    driver.press('tab', ...'INC-233', 'ctrl-g');
    await driver.expect('1 DONE, 1 LEFT');
    driver.press('enter');
    expect(driver.state().jobs.marked.size).toBe(0);
  });

  it('of what is alive is not needed, and says so', async () => {
    await start();
    driver.press('j', 'enter');
    await driver.until('the causes', ({ jobs }) => jobs.detail !== null);
    driver.press('j', 'j', 'R');
    await driver.expect('it goes on by itself');
    driver.press('esc');
    driver.press('j', 'j', 'j', 'R');
    await driver.expect('A reminder goes by itself');
    driver.press('j', 'R');
    await driver.expect('What became free is offered by itself');
    driver.press('j', 'R');
    await driver.expect('That takes the right "manager"');
    expect(driver.api.calls).not.toContain('retry_deliveries');
  });

  it('of a queue without dead jobs says that there are none', async () => {
    await start();
    driver.press('R');
    await driver.expect('Nothing of it is dead.');
    expect(driver.state().overlay).toBeNull();
  });
});

describe('discard and pause', () => {
  it('give up what is dead, with a reason', async () => {
    await start();
    await openJobs(1);
    await openDeed('K');
    await driver.expect('1 job would be given up');
    driver.press('tab', ...'wrong address', 'ctrl-g');
    await driver.expect('email: 1 job given up');
    expect(audit()).toMatchObject([{ what: 'discard', reason: 'wrong address' }]);
  });

  it('stop a channel and let it go on', async () => {
    await start();
    driver.press('j', 'P');
    await driver.expect('PAUSE  EMAIL');
    driver.pass(300);
    driver.press('tab', ...'provider is down', 'ctrl-g');
    await driver.expect('email is paused');
    await driver.expect('PAUSED provider is down');
    driver.press('P');
    await driver.expect('RESUME  EMAIL');
    driver.pass(300);
    driver.press('tab', ...'it is back', 'ctrl-g');
    await driver.expect('email goes on');
    await driver.expectNot('PAUSED provider');
  });

  it('are not there where nothing may be changed', async () => {
    await start({ read_only: true });
    driver.press('j', 'R');
    await driver.expect('read');
    driver.press('P', 'K');
    expect(driver.state().overlay).toBeNull();
    expect(driver.api.calls).not.toContain('retry_deliveries');
  });
});

describe('the tail of events', () => {
  const tell = (...events: readonly EventEnvelope[]) => {
    for (const event of events) driver.send({ type: 'frame', frame: { type: 'event', ...event } });
  };
  const more = (from: number, count: number): readonly EventEnvelope[] => {
    const [first] = figureEvents();
    if (first === undefined) throw new Error('the figure has events');
    return Array.from({ length: count }, (_, index) => ({ ...first, sequence: from + index }));
  };
  const open = async (options: DriverOptions = {}) => {
    driver = await openDriver({ role: 'sre', ...options });
    driver.press('9');
    tell(...figureEvents());
  };

  it('runs, stands still on a key, counts what comes, and runs on', async () => {
    await open();
    await driver.expect('> 10:42:00   918200 booking.arrived');
    driver.press(' ');
    tell(...more(918_201, 3));
    await driver.expect('PAUSED at 918200, 3 new');
    expect(driver.text()).not.toContain('918203');
    driver.press(' ');
    await driver.expect('> 10:42:00   918203');
    await driver.expect('live (Space stops)');
  });

  it('stops by itself when the cursor leaves the newest', async () => {
    await open();
    driver.press('j');
    await driver.expect('PAUSED at 918200, 0 new');
    tell(...more(918_201, 1));
    await driver.expect('> 10:42:00   918199');
  });

  it('filters by kind and by text, and never filters a gap away', async () => {
    await open();
    driver.press('/', ...'payment.* booking.*', 'enter');
    await driver.expect('filter: payment.* booking.*');
    expect(driver.text()).not.toContain('reservation.expired');
    driver.press('/', 'ctrl-u', ...'bp10000127', 'enter');
    await driver.expectNot('payment.processed');
    await driver.expect('booking.arrived');
    driver.send({ type: 'frame', frame: { type: 'gap', sequence: 918_300 } });
    await driver.expect('a gap: what came before 918300');
    driver.press('esc');
    await driver.expect('payment.processed');
  });

  it('goes from event to event of one booking, and to the booking', async () => {
    await open();
    driver.press('G', 'k');
    await driver.expect('> 10:42:00   918198');
    driver.press('.');
    await driver.expect('> 10:42:00   918197');
    driver.press('.');
    await driver.expect('No older event about BP10000140');
    driver.press('enter');
    await driver.until('the trace', ({ overlay }) => overlay?.screen === 'trace');
    expect(driver.api.requests.at(-1)).toMatchObject({ name: 'trace_booking' });
  });

  it('keeps a bounded list in order, whatever order and how often it is told', async () => {
    await open();
    tell(...more(1, TAIL_MAX + 100), ...figureEvents(), ...more(918_210, 5).toReversed());
    const { items } = driver.state().tail;
    expect(items).toHaveLength(TAIL_MAX);
    const sequences = items.map((event) => event.sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => b - a));
    expect(sequences[0]).toBe(918_214);
  });

  it('takes history that it asked for as no news', async () => {
    driver = await openDriver({ role: 'sre' });
    driver.press('1');
    tell(...figureEvents());
    driver.pass(1_000);
    await driver.until('the day', ({ reload }) => !reload.wanted && !reload.in_flight);
    const days = () => driver.api.calls.filter((name) => name === 'get_day').length;
    const before = days();
    tell(...more(918_000, 20));
    driver.pass(1_000);
    expect(days()).toBe(before);
    expect(driver.state().tail.items).toHaveLength(24);
    tell(...more(918_500, 1));
    driver.pass(1_000);
    await driver.until('fresh rows', () => days() > before);
  });

  it('costs nothing where nobody can look at it', async () => {
    driver = await openDriver({ role: 'desk' });
    tell(...figureEvents());
    expect(driver.state().tail.items).toEqual([]);
  });
});
