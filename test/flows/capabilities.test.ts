import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { capabilities_file, capabilitiesDocument } from '../../scripts/capabilities-doc.ts';
import { endpoints } from '../../src/domain/api.ts';
import { problems } from '../../src/domain/errors.ts';
import { event_types } from '../../src/domain/events.ts';

/** docs/capabilities.md promises; this holds it to what is there. */

const root = path.resolve(import.meta.dirname, '../..');
const text = fs.readFileSync(capabilities_file, 'utf8');
const by_hand = text.slice(0, text.indexOf('## All addresses'));

type Row = { readonly row: string; readonly where: string; readonly test: string; state: string };
const rows: readonly Row[] = by_hand
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| row |'))
  .map((line) => {
    const [row = '', where = '', shown = '', state = ''] = line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim());
    return { row, where, test: shown, state };
  });

const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

test('the list of addresses is that of the endpoint table', () => {
  expect(text, 'run: node scripts/capabilities-doc.ts').toBe(capabilitiesDocument(text));
});

test('every file that the page names is there', () => {
  const named = quoted(by_hand).filter((word) => /^(src|sql|test|loadtest|docs)\//.test(word));
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((name) => !fs.existsSync(path.join(root, name)))).toEqual([]);
});

test('every endpoint that the page names by hand is a row of the table', () => {
  const names = rows.flatMap(({ where }) => quoted(where)).filter((word) => /^[a-z_]+$/.test(word));
  const known = new Set<string>([...Object.keys(endpoints), 'payment_customers']);
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !known.has(name) && !name.startsWith('petpro_'))).toEqual([]);
});

test('what is done has a test, and what is not says who owes it', () => {
  expect(rows.length).toBeGreaterThan(50);
  const vague = rows.filter(({ state, test: shown }) => {
    if (/^done(: .+)?$/.test(state)) return !/`(test|src)\/.+\.test\.tsx?`/.test(shown);
    return !/^(part|open): .{5,}/.test(state);
  });
  expect(vague).toEqual([]);
});

test('every event of the sources and every error of the table is on the page or its pages', () => {
  const events = ['reservation.created', 'booking.confirmed', 'payment.late', 'waitlist.offered'];
  expect(events.filter((name) => !(event_types as readonly string[]).includes(name))).toEqual([]);
  const codes = Object.entries(problems).filter(([, { status }]) => [409, 410].includes(status));
  const owed = codes.map(([code]) => code).filter((code) => !/^(conflict|pending)$/.test(code));
  expect(owed.filter((code) => !by_hand.includes(code))).toEqual([]);
});
