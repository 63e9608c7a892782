import { beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/main.ts';
import { openLog } from '../../src/log.ts';
import { hold } from '../helpers/booking.ts';
import { addClinic, addOwners, addService, addSlot } from '../helpers/database.ts';
import { call, member, startHarness } from '../http/harness.ts';

/**
 * Readers against writers, two daemons: what was committed before a reader asked must be in what it is
 * told. The control takes the triggers away and must catch old answers, or this test proves nothing.
 */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let bases: readonly string[] = [];
let token = '';

beforeAll(async () => {
  token = await harness.addKey('ci');
  const config = loadConfig({ env: harness.env });
  const second: Daemon = await startDaemon(config, openLog({ level: config.log_level }));
  bases = [harness.daemon.url, second.url];
  return () => second.stop();
});

type Slot = { readonly slot_id: string; readonly price: string; readonly remaining: number };

async function read(base: string, service_id: string): Promise<readonly Slot[]> {
  const answer = await call(base, 'list_slots', { params: { service_id } }, { token });
  const items = member(answer.json, 'items');
  if (!Array.isArray(items)) throw new Error(answer.text);
  return items as unknown as readonly Slot[];
}

const WRITES = 150;
const READERS = 6;

/** Writers move a price up and take seats; counts the answers that were older than their question. */
async function race(): Promise<{ readonly stale: number; readonly reads: number }> {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const priced = await addSlot(sql, clinic, service_id, { in_hours: 24 });
  const seats = await addSlot(sql, clinic, service_id, { in_hours: 48, capacity: WRITES });
  const owners = await addOwners(sql, WRITES);
  let price = 0;
  let taken = 0;
  let writers = 2;
  let stale = 0;
  let reads = 0;
  const moves = async () => {
    for (let n = 1; n <= WRITES; n += 1) {
      await sql`update slots set price = ${n} where id = ${priced}`;
      price = n;
    }
    writers -= 1;
  };
  const takes = async () => {
    for (const owner of owners) {
      const held = await hold(sql, seats, owner);
      if (held.outcome !== 'ok') throw new Error(held.outcome);
      taken += 1;
    }
    writers -= 1;
  };
  const looks = async (reader: number) => {
    for (let n = reader; writers > 0; n += 1) {
      const least = { price, taken };
      const found = await read(bases[n % 2] ?? '', service_id);
      const shown = Number(found.find(({ slot_id }) => slot_id === priced)?.price ?? 250_000);
      const left = found.find(({ slot_id }) => slot_id === seats)?.remaining ?? 0;
      reads += 1;
      const is_old_price = least.price > 0 && (shown === 250_000 || shown < least.price);
      if (is_old_price || WRITES - left < least.taken) stale += 1;
    }
  };
  const readers = Array.from({ length: READERS }, (_, reader) => looks(reader));
  await Promise.all([moves(), takes(), ...readers]);
  return { stale, reads };
}

describe('answers while others write', () => {
  test('none is older than its question', async () => {
    const { stale, reads } = await race();
    expect(reads).toBeGreaterThan(50);
    expect(stale).toBe(0);
  });

  test('control: without the triggers the readers are told of the past', async () => {
    await sql`alter table slots disable trigger slots_change_availability`;
    await sql`alter table slot_claims disable trigger slot_claims_change_availability`;
    const { stale } = await race();
    await sql`alter table slots enable trigger slots_change_availability`;
    await sql`alter table slot_claims enable trigger slot_claims_change_availability`;
    expect(stale).toBeGreaterThan(0);
  });
});
