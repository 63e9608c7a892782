import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { makeApiKeys, type SeedResult, seedDatabase } from '../../src/sandbox/seed.ts';
import { cli } from '../cli/harness.ts';
import { startHarness } from '../http/harness.ts';

/** A real daemon with the people of the demo, for the desk as lines. */

type Item = Readonly<Record<string, unknown>>;

export async function deskScene() {
  const harness = await startHarness();
  const keys = makeApiKeys();
  const home = mkdtempSync(path.join(os.tmpdir(), 'petpro-desk-'));
  const env = { PETPRO_HOME: home };
  let seeded: SeedResult | null = null;

  beforeAll(async () => {
    seeded = await seedDatabase(harness.sql, { seed: 42, keys });
    // The slots of these tests lie days ahead.
    await harness.sql`update clinics set check_in_hours = 8760`;
    const demo = {
      url: harness.daemon.url,
      database_url: harness.env['DATABASE_URL'],
      redis_url: harness.env['REDIS_URL'] ?? null,
      stripe_url: harness.stripe_url,
      clinic_id: seeded.clinic_id,
      tokens: keys,
    };
    writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const items = async (...words: readonly string[]): Promise<readonly Item[]> => {
    const { out, err, code } = await cli([...words, '--json'], { env });
    if (code !== 0) throw new Error(`petpro ${words.join(' ')}: exit ${code}\n${err}`);
    return JSON.parse(out).items;
  };
  /** Open times of the checkup from the day after tomorrow on, each handed out once. */
  let open_slots: readonly Item[] | null = null;
  const freshSlot = async (): Promise<{
    readonly id: string;
    readonly day: string;
    readonly time: string;
  }> => {
    if (open_slots === null) {
      const range = ['--from', '+2d', '--to', '+12d', '--limit', '200'];
      open_slots = await items('slots', 'list', '--service', 'checkup', ...range);
    }
    const [slot, ...rest] = open_slots;
    open_slots = rest.filter((one) => one['starts_at'] !== slot?.['starts_at']);
    if (slot === undefined) throw new Error('no open slot is left');
    return { id: String(slot['slot_id']), day: String(slot['date']), time: String(slot['time']) };
  };
  /** A booking of Siti with Mochi, some days ahead. */
  const booked = async (pay = 'cash') => {
    const slot = await freshSlot();
    const who = ['--owner', '7890', '--pet', 'mochi', '--service', 'checkup'];
    const [booking] = await items('book', ...who, '--slot', slot.id, '--pay', pay);
    return { reference: String(booking?.['reference_code']), ...slot };
  };
  const clinicId = () => seeded?.clinic_id ?? '';
  return { harness, env, tokens: keys, clinicId, items, freshSlot, booked };
}
