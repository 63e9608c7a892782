import { beforeAll, describe, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { mustBook, mustHold } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addStaff, type Clinic } from '../helpers/database.ts';
import { call, codeOf, member, startHarness } from '../http/harness.ts';

/** The map of a week and the reasons of closed times, as the desk asks for them. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let clinic: Clinic;
let service_id = '';
let sari = '';
let token = '';
let customer = '';
const zone = 'Asia/Jakarta';
const today = Temporal.Now.plainDateISO(zone);
const day = (days: number) => today.add({ days }).toString();

async function slot(
  days: number,
  time: string,
  more: { staff_id?: string; capacity?: number } = {},
) {
  const [row] = await sql<{ id: string }[]>`
    insert into slots (
      clinic_id, service_id, staff_id, capacity, slot_date, slot_start_time, slot_end_time,
      starts_at, ends_at
    )
    select ${clinic.id}, ${service_id}, ${more.staff_id ?? sari}, ${more.capacity ?? 1}, d, t,
      t + interval '30 min', (d + t) at time zone ${zone},
      (d + t) at time zone ${zone} + interval '30 min'
    from (select ${day(days)}::date as d, ${time}::time as t) x
    returning id`;
  return row?.id ?? '';
}

beforeAll(async () => {
  clinic = await addClinic(sql, { time_zone: zone });
  await sql`
    update clinics set code = 'WEEK', lang = 'en', country = 'ID', holiday_policy = 'close'
    where id = ${clinic.id}`;
  service_id = await addService(sql, clinic, { name: 'Checkup' });
  sari = await addStaff(sql, clinic, 'drh. Sari Dewi');
  await addStaff(sql, clinic, 'Andi');
  token = await harness.addKey('desk', clinic.id);
  customer = await harness.mintCustomerToken((await addOwner(sql)).user_id);
  // Nine to eleven on all days but the weekday of the day after the day after tomorrow.
  const off = today.add({ days: 3 }).dayOfWeek;
  await sql`
    insert into schedules (clinic_id, staff_id, service_id, weekday, opens, closes)
    select ${clinic.id}, ${sari}, ${service_id}, n, '09:00', '11:00'
    from generate_series(1, 7) n where n <> ${off}`;
  await sql`
    insert into schedule_exceptions (clinic_id, exception_date, is_closed, reason)
    values (${clinic.id}, ${day(4)}, true, 'Inventory')`;
  await sql`
    insert into schedule_exceptions (clinic_id, staff_id, exception_date, is_closed)
    values (${clinic.id}, ${sari}, ${day(6)}, true)`;
  await sql`
    insert into public_holidays (clinic_id, holiday_date, name)
    values (${clinic.id}, ${day(5)}, 'Founding Day')`;
  await mustBook(sql, await slot(1, '09:00'), await addOwner(sql));
  await slot(1, '09:30');
  await mustHold(sql, await slot(1, '10:00'), await addOwner(sql));
  await sql`update slots set status = 'blocked' where id = ${await slot(1, '10:30')}`;
  await slot(2, '09:00', { capacity: 4 });
  const shut = await slot(2, '10:00');
  await sql`update slots set status = 'blocked', closed_for = 'schedule' where id = ${shut}`;
});

const week = async (query: Record<string, string> = {}, by = token) =>
  await call(
    harness.daemon.url,
    'get_week',
    { params: { service_id }, query: { from: day(1), days: '6', ...query } },
    { token: by },
  );

describe('the week over HTTP', () => {
  test('counts seats by day and hour, and says why days have none', async () => {
    const { json, status } = await week();
    expect(status).toBe(200);
    expect(json).toMatchObject({ service_id, staff_id: null, time_zone: zone, to: day(6) });
    const quiet = { blocked: 0, past: 0 };
    expect(member(json, 'days')).toMatchObject([
      {
        date: day(1),
        weekday: today.add({ days: 1 }).dayOfWeek,
        closure: null,
        holiday: null,
        free: 1,
        total: 3,
        hours: [
          { hour: 9, free: 1, total: 2, ...quiet },
          { hour: 10, free: 0, total: 1, blocked: 1, past: 0 },
        ],
      },
      { date: day(2), closure: null, free: 4, total: 4, hours: [{ hour: 9, free: 4, total: 4 }] },
      { date: day(3), closure: 'no_hours', hours: [] },
      { date: day(4), closure: 'closed', hours: [] },
      { date: day(5), closure: 'holiday', holiday: 'Founding Day', hours: [] },
      { date: day(6), closure: 'vet_away', hours: [] },
    ]);
  });

  test('is of one vet by id or by a part of the name, and never of several', async () => {
    for (const query of [{ staff_id: sari }, { vet: 'SARI' }, { vet: 'drh. Sari Dewi' }]) {
      const { json } = await week(query);
      expect(json).toMatchObject({ staff_id: sari, days: { 0: { total: 3 } } });
    }
    const andi = await week({ vet: 'andi' });
    expect(andi.json).toMatchObject({ days: { 0: { total: 0, closure: null } } });
    const none = await week({ vet: 'Nobody' });
    expect([codeOf(none), member(none.json, 'candidates')]).toEqual([
      'not_found',
      ['Andi', 'drh. Sari Dewi'],
    ]);
    expect(codeOf(await week({ vet: 'sari', staff_id: sari }))).toBe('invalid_input');
    await addStaff(sql, clinic, 'Sari Two');
    const several = await week({ vet: 'sari' });
    expect(codeOf(several)).toBe('invalid_input');
    await sql`update staff set is_active = false where name = 'Sari Two'`;
    expect((await week({ vet: 'sari' })).status).toBe(200);
  });

  test('changes at once with the hours and the holidays that it tells of', async () => {
    const closure = async () => {
      const days = member((await week()).json, 'days');
      return Array.isArray(days) ? days.map((one) => member(one, 'closure')) : [];
    };
    expect(await closure()).toEqual([null, null, 'no_hours', 'closed', 'holiday', 'vet_away']);
    await sql`delete from schedule_exceptions where clinic_id = ${clinic.id} and reason is not null`;
    await sql`update clinics set holiday_policy = 'open' where id = ${clinic.id}`;
    expect(await closure()).toEqual([null, null, 'no_hours', null, null, 'vet_away']);
    await sql`
      insert into schedule_exceptions (clinic_id, exception_date, is_closed, reason)
      values (${clinic.id}, ${day(4)}, true, 'Inventory')`;
    await sql`update clinics set holiday_policy = 'close' where id = ${clinic.id}`;
    expect(await closure()).toEqual([null, null, 'no_hours', 'closed', 'holiday', 'vet_away']);
  });

  test('is smaller for owners where notice and horizon keep them out', async () => {
    await sql`
      update services set min_notice_minutes = 60 * 24 * 30 where id = ${service_id}`;
    expect((await week({}, customer)).json).toMatchObject({ days: { 0: { free: 0, total: 3 } } });
    expect((await week()).json).toMatchObject({ days: { 0: { free: 1, total: 3 } } });
    const slots = async (by: string) => {
      const query = { date: day(1), explain: '1' };
      const answer = await call(
        harness.daemon.url,
        'list_slots',
        { params: { service_id }, query },
        { token: by },
      );
      const items = member(answer.json, 'items');
      return Array.isArray(items) ? items.map((one) => member(one, 'reason')) : [];
    };
    expect(await slots(customer)).toEqual(['booked', 'too_soon', 'held', 'blocked']);
    expect(await slots(token)).toEqual(['booked', null, 'held', 'blocked']);
    await sql`
      update services set min_notice_minutes = null, horizon_days = 1 where id = ${service_id}`;
    const far = await week({}, customer);
    expect(far.json).toMatchObject({ days: { 1: { free: 0, total: 4 } } });
    await sql`update services set horizon_days = null where id = ${service_id}`;
    const all = await week({}, customer);
    expect(all.json).toMatchObject({ days: { 1: { free: 4, total: 4 } } });
  });
});

describe('petpro slots week', () => {
  const desk = () => ({
    env: { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token, LC_ALL: 'C.UTF-8' },
  });
  const words = () => ['slots', 'week', '-c', 'WEEK', '--service', 'Checkup', '--from', day(1)];

  test('is a map on a terminal, in three languages, and ASCII where asked', async () => {
    const rows = async (...more: string[]) => {
      const shown = await cli([...words(), '--days', '6', ...more], { ...desk(), terminal: 80 });
      expect(shown.code).toBe(0);
      const label = /^(?:\S+ \S+ \S+|\S+)\s{2}/;
      return shown.out
        .split('\n')
        .slice(1, -1)
        .map((line) => line.replace(label, ''));
    };
    expect(await rows()).toEqual([
      '▄▄ xx   1/3',
      '██      4/4',
      'no hours',
      'closed',
      'holiday: Founding Day',
      'vet away',
    ]);
    expect((await rows('--ascii')).slice(0, 2)).toEqual(['== xx   1/3', '##      4/4']);
    expect((await rows('--lang', 'ja')).slice(0, 4)).toEqual([
      '⡇⡇ xx   1/3',
      '⣿⣿      4/4',
      '診療時間なし',
      '休診',
    ]);
    expect((await rows('--lang', 'id')).slice(2)).toEqual([
      'tidak ada jam',
      'tutup',
      'libur: Founding Day',
      'dokter tidak ada',
    ]);
  });

  test('is rows in a pipe, a document with --json and CSV with its head', async () => {
    const piped = await cli([...words(), '--days', '3'], desk());
    expect(piped.err).toBe('');
    expect(piped.out.split('\n')).toEqual([
      'DATE\tHOUR\tFREE\tTOTAL\tBLOCKED\tPAST\tCLOSED\tHOLIDAY',
      `${day(1)}\t9\t1\t2\t0\t0\t-\t-`,
      `${day(1)}\t10\t0\t1\t1\t0\t-\t-`,
      `${day(2)}\t9\t4\t4\t0\t0\t-\t-`,
      `${day(3)}\t-\t0\t0\t0\t0\tno_hours\t-`,
      '',
    ]);
    const csv = await cli([...words(), '-o', 'csv', '--days', '1'], desk());
    expect(csv.out.split('\r\n').slice(0, 2)).toEqual([
      'date,weekday,closure,holiday,hour,free,total,blocked,past',
      `${day(1)},${today.add({ days: 1 }).dayOfWeek},,,9,1,2,0,0`,
    ]);
    const json = await cli([...words(), '--json', '--days', '1'], desk());
    expect(JSON.parse(json.out)).toMatchObject({
      kind: 'Week',
      items: [{ date: day(1), free: 1, hours: [{ hour: 9 }, { hour: 10 }] }],
      error: null,
    });
  });

  test('says what is wrong with a wish', async () => {
    const wrong = [
      [['--days', '32'], 2, '--days must be a whole number from 1 to 31'],
      [['--vet', 'Nobody'], 3, 'No vet is called "Nobody"'],
      [['--from', '31/13'], 2, '31/13'],
    ] as const;
    for (const [more, code, text] of wrong) {
      const told = await cli([...words(), ...more], desk());
      expect(told.code).toBe(code);
      expect(told.err).toContain(text);
    }
  });
});

describe('petpro slots explain', () => {
  const explain = async (...more: string[]) => {
    const base = ['slots', 'explain', '-c', 'WEEK', '--service', 'Checkup'];
    const env = { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token };
    const told = await cli([...base, ...more], { env });
    const lines = told.out.split('\n').slice(1, -1);
    return { ...told, lines: lines.map((line) => line.split('\t').slice(0, 3).join(' ')) };
  };

  test('names the reason of each closed time, with or without a slot', async () => {
    expect((await explain('--date', day(1))).lines).toEqual([
      '09:00 drh. Sari Dewi booked',
      '10:00 drh. Sari Dewi held by somebody who is booking right now',
      '10:30 drh. Sari Dewi blocked by the clinic',
    ]);
    expect((await explain('--date', day(2), '--at', '10:00')).lines).toEqual([
      '10:00 drh. Sari Dewi the hours have changed: closed then',
    ]);
    expect((await explain('--date', day(4), '--at', '10:00')).lines).toEqual([
      '10:00 drh. Sari Dewi the clinic is closed that day',
    ]);
    expect((await explain('--date', day(5), '--at', '09:30')).lines).toEqual([
      '09:30 drh. Sari Dewi holiday',
    ]);
  });

  test('says of a day or a time without any what there is instead', async () => {
    const none = await explain('--date', day(3));
    expect(none.err).toContain(`The service has no hours on that day: ${day(3)}.`);
    expect(none.err).toContain('next: petpro slots week --service "Checkup"');
    const at = await explain('--date', day(1), '--at', '03:15');
    expect(at.err).toContain('There is no slot at 03:15');
    expect((await explain('--date', day(1), '--at', '25:99')).code).toBe(2);
  });
});
