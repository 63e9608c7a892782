import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { kinds } from '../../src/commands/output-kinds.ts';
import { schemaOf } from '../../src/commands/output-schema.ts';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { startHarness } from '../http/harness.ts';
import { cli } from './harness.ts';

// The published schemas, held against what commands print when they talk to a real daemon.

const root = path.resolve(import.meta.dirname, '../..');
const harness = await startHarness();
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-schema-'));
const env = { PETPRO_HOME: home };

beforeAll(async () => {
  const keys = makeApiKeys();
  const { clinic_id } = await seedDatabase(harness.sql, { seed: 42, keys });
  const { DATABASE_URL, REDIS_URL } = harness.env;
  const demo = {
    url: harness.daemon.url,
    clinic_id,
    tokens: keys,
    database_url: DATABASE_URL,
    redis_url: REDIS_URL ?? null,
  };
  fs.writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

/** One document on stdout that fits its schema; gives its kind. */
function checked(out: string): { readonly kind: string; readonly names: readonly string[] } {
  expect(out.trimEnd()).not.toContain('\n');
  const document = JSON.parse(out);
  const schema = schemaOf(document.kind);
  expect({ kind: document.kind, is_known: schema !== null }).toMatchObject({ is_known: true });
  const result = z.fromJSONSchema(schema ?? false).safeParse(document);
  const problems = result.success
    ? []
    : result.error.issues.slice(0, 5).map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  expect({ kind: document.kind, problems }).toEqual({ kind: document.kind, problems: [] });
  return { kind: document.kind, names: Object.keys(document.items[0] ?? {}) };
}

async function run(words: readonly string[]): Promise<string> {
  return (await cli([...words, '--json'], { env })).out;
}

test('every kind that a command prints has a schema, and no schema is of nothing', () => {
  const folder = path.join(root, 'src/commands');
  const files = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'output-kinds.ts');
  const printed = files.flatMap((name) =>
    [...fs.readFileSync(path.join(folder, name), 'utf8').matchAll(/kind: '([A-Z]\w+)'/g)].map(
      ([, kind = '']) => kind,
    ),
  );
  const known = Object.keys(kinds);
  expect([...new Set(printed)].filter((kind) => !known.includes(kind))).toEqual([]);
  expect(
    known.filter((kind) => !['Done', 'Error'].includes(kind) && !printed.includes(kind)),
  ).toEqual([]);
  for (const kind of known) expect(z.fromJSONSchema(schemaOf(kind) ?? false)).toBeDefined();
});

test.each([
  ['today --date today --all', 'DayList'],
  ['slots list --to +3d', 'SlotList'],
  ['slots list --to +3d --limit 1', 'SlotList'],
  ['slots week --service checkup', 'Week'],
  ['bookings list', 'BookingList'],
  ['hold list', 'HoldList'],
  ['clinics list', 'ClinicList'],
  ['clinics show BSD', 'Clinic'],
  ['clinics rules', 'BookingRules'],
  ['prices rules', 'MoneyRules'],
  ['prices list --service checkup', 'PriceTierList'],
  ['payments list', 'PaymentList'],
  ['payments entries', 'Error'],
  ['payments inbox', 'MoneyInbox'],
  ['refunds list', 'RefundList'],
  ['settlements list', 'SettlementList'],
  ['approvals list', 'ApprovalList'],
  ['reminders list', 'ReminderList'],
  ['reviews list', 'ReviewList'],
  ['series list', 'SeriesList'],
  ['waitlist list', 'WaitlistEntryList'],
  ['deliveries list', 'DeliveryList'],
  ['deliveries channels', 'ChannelList'],
  ['locks list', 'LockList'],
  ['views list', 'ViewList'],
  ['jobs list', 'JobQueueList'],
  ['outbox list', 'OutboxList'],
  ['outbox replays', 'ReplayList'],
  ['retention list', 'RetentionRules'],
  ['reports money', 'MoneyReport'],
  ['schedule holidays', 'HolidayList'],
  ['schedule exception list', 'ScheduleExceptionList'],
  ['schedule lint', 'ScheduleFindingList'],
  ['slots blocks', 'TimeOffList'],
  ['undo list', 'UndoableList'],
  ['auth status', 'Me'],
  ['alerts list', 'AlertList'],
  ['find siti', 'OwnerList'],
  ['commands', 'CommandList'],
  ['commands schema', 'KindList'],
  ['commands schema SlotList', 'Schema'],
  ['config list', 'SettingList'],
  ['bookings show BP00000000', 'Error'],
  ['locks list --limit x', 'Error'],
  ['slots lst', 'Error'],
])('%s prints a %s', async (line, kind) => {
  expect(checked(await run(line.split(' '))).kind).toBe(kind);
});

test('one booking, its trace, and what a cancel would do', async () => {
  const { out } = await cli(['bookings', 'list', '--status', 'confirmed', '-o', 'name'], { env });
  const [reference = ''] = out.split('\n');
  expect(checked(await run(['bookings', 'show', reference])).kind).toBe('Booking');
  expect(checked(await run(['bookings', 'trace', reference])).kind).toBe('Trace');
  expect(checked(await run(['cancel', reference, '--dry-run'])).kind).toBe('Cancellation');
  expect(checked(await run(['check-in', reference, '--yes'])).kind).toMatch(/^(CheckIn|Error)$/);
});

test('lists are cut on this side by --limit and --cursor', async () => {
  const all = JSON.parse(await run(['commands'])).items;
  const first = JSON.parse(await run(['commands', '--limit', '3']));
  expect(first.items).toEqual(all.slice(0, 3));
  const second = JSON.parse(await run(['commands', '--limit', '3', '--cursor', first.meta.cursor]));
  expect(second.items).toEqual(all.slice(3, 6));
  const rest = JSON.parse(await run(['commands', '--cursor', second.meta.cursor]));
  expect(rest).toMatchObject({ items: all.slice(6), meta: { cursor: null } });
  const wrong = await cli(['commands', '--cursor', 'x'], { env });
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('such as o50') });
});

test('a kind that is none is exit 3 and names the nearest', async () => {
  const { code, err } = await cli(['commands', 'schema', 'SlotLst']);
  expect(code).toBe(3);
  expect(err).toContain('next: petpro commands schema SlotList');
});
