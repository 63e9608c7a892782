import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from 'postgres';
import { inTransaction } from '../daemon/store/db.ts';
import type { ChaosPart } from './chaos.ts';
import { type Form, type ScenarioName, type Size, type SlotGroup, scenarios } from './scenarios.ts';

/** Makes what a scenario needs in a clinic of its own, so that nobody else's day is touched. */

export const load_clinic_code = 'LOAD';
/** Slots begin this far ahead: outside every refund window, inside every list. */
const AHEAD_DAYS = 7;
const SLOT_MINUTES = 30;
/** Enough that no key comes near the daemon's limit per minute, as with real customers. */
const KEYS = 128;
const KEY_LIVES_HOURS = 24;
const OWNERS_PER_STATEMENT = 5_000;

export type Slot = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly capacity: number;
  readonly group: string;
};

type Owner = { readonly user_id: string; readonly pet_id: string };
type Spare = { readonly slot: Slot; readonly owner: Owner };

/** Slots that come up one after the other around the kill, so that it always falls into a fresh contest. */
const contest: SlotGroup = { group: 'chaos', count: 12, capacity: 1, vets: 1 };
const spare: SlotGroup = { group: 'spare', count: 3, capacity: 1, vets: 1 };

/** The file that the k6 script reads; it holds tokens, so it is written 0600. */
export type LoadFile = {
  readonly head: Size & {
    readonly scenario: ScenarioName;
    readonly form: Form;
    readonly url: string;
    readonly stripe_url: string | null;
    readonly seed: number;
    readonly run_id: string;
    readonly clinic_id: string;
    /** What is killed on the way; then the script asks again where an answer was cut off. */
    readonly chaos?: readonly ChaosPart[];
  };
  readonly slots: readonly Slot[];
  readonly owners: readonly Owner[];
  readonly tokens: readonly string[];
  /** Seats that only the probes of a chaos run take, one per part that is killed. */
  readonly spares?: readonly Spare[];
};

export type SetupOptions = {
  readonly scenario: ScenarioName;
  readonly form: Form;
  readonly size: Size;
  readonly seed: number;
  readonly url: string;
  readonly stripe_url: string | null;
  readonly chaos?: readonly ChaosPart[];
};

async function makeClinic(tx: TransactionSql): Promise<string> {
  const [clinic] = await tx<{ id: string }[]>`
    insert into clinics (code, name, city, time_zone, currency, lang)
    values (${load_clinic_code}, 'Load test', 'Nowhere', 'Asia/Jakarta', 'IDR', 'en')
    on conflict (code) do update set updated_at = now()
    returning id`;
  if (!clinic) throw new Error('the load clinic was not made');
  return clinic.id;
}

async function makeService(tx: TransactionSql, clinic_id: string, group: SlotGroup) {
  const name = `Load ${group.group}`;
  const [known] = await tx<{ id: string }[]>`
    select id from services where clinic_id = ${clinic_id} and name = ${name} limit 1`;
  if (known) return known.id;
  const [made] = await tx<{ id: string }[]>`
    insert into services (clinic_id, name, price, currency, duration_minutes, capacity)
    values (${clinic_id}, ${name}, 250000, 'IDR', ${SLOT_MINUTES}, ${group.capacity})
    returning id`;
  if (!made) throw new Error('the service was not made');
  return made.id;
}

/** New vets each time: the claims of an earlier run would still hold the old ones. */
async function makeVets(tx: TransactionSql, clinic_id: string, count: number, run_id: string) {
  const rows = await tx<{ id: string }[]>`
    insert into staff (clinic_id, name)
    select ${clinic_id}, 'Load ' || ${run_id.slice(0, 8)}::text || ' ' || n
    from generate_series(1, ${count}::integer) as n
    returning id`;
  return rows.map((row) => row.id);
}

/** `index` of the group shifts its hour, so that one owner may hold a slot of each group. */
async function makeSlots(
  tx: TransactionSql,
  clinic_id: string,
  group: SlotGroup,
  index: number,
  run_id: string,
): Promise<readonly Slot[]> {
  const service_id = await makeService(tx, clinic_id, group);
  const vets = await makeVets(tx, clinic_id, group.vets, run_id);
  const lanes = Math.max(1, vets.length);
  const rows = await tx<{ id: string }[]>`
    insert into slots (
      clinic_id, service_id, staff_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity
    )
    select
      c.id, ${service_id}, (${tx.array([...vets])}::uuid[])[1 + n % ${lanes}::integer],
      t.s at time zone c.time_zone, t.e at time zone c.time_zone, t.s::date, t.s::time, t.e::time,
      ${group.capacity}
    from clinics c,
    generate_series(0, ${group.count - 1}::integer) as n,
    lateral (
      select date_trunc('day', now() at time zone c.time_zone)
        + ${AHEAD_DAYS}::integer * interval '1 day' + ${8 + 3 * index}::integer * interval '1 hour'
        + (n / ${lanes}::integer) * ${SLOT_MINUTES}::integer * interval '1 minute' as s
    ) as start,
    lateral (select start.s, start.s + ${SLOT_MINUTES}::integer * interval '1 minute' as e) as t
    where c.id = ${clinic_id}
    order by n
    returning id`;
  const { capacity } = group;
  return rows.map(({ id }) => ({ slot_id: id, service_id, capacity, group: group.group }));
}

async function makeOwners(tx: TransactionSql, count: number, run_id: string) {
  const owners: Owner[] = [];
  const tag = run_id.slice(0, 14);
  for (let from = 0; from < count; from += OWNERS_PER_STATEMENT) {
    const to = Math.min(count, from + OWNERS_PER_STATEMENT) - 1;
    const rows = await tx<{ user_id: string; pet_id: string }[]>`
      with u as (
        insert into users (full_name, email)
        select 'Load ' || ${tag}::text || ' ' || n,
          'load-' || ${tag}::text || '-' || n || '@load.petpro.localhost'
        from generate_series(${from}::integer, ${to}::integer) as n
        returning id
      )
      insert into pets (user_id, name, species)
      select id, 'Mochi', 'cat' from u
      returning user_id, id as pet_id`;
    owners.push(...rows);
  }
  return owners;
}

async function makeSpares(tx: TransactionSql, clinic_id: string, run_id: string) {
  const slots = await makeSlots(tx, clinic_id, spare, 0, run_id);
  const owners = await makeOwners(tx, slots.length, `spare-${run_id}`);
  return slots.flatMap((slot, nth) => {
    const owner = owners[nth];
    return owner ? [{ slot, owner }] : [];
  });
}

const keyName = (run_id: string) => `load ${run_id}`;

/** Keys of the role `ci` that see the load clinic only and end by themselves. */
async function makeKeys(tx: TransactionSql, clinic_id: string, run_id: string) {
  const keys = Array.from({ length: KEYS }, () => ({
    prefix: randomBytes(4).toString('hex'),
    secret: randomBytes(32).toString('hex'),
  })).map(({ prefix, secret }) => ({ prefix, token: `ppk_${prefix}_${secret}` }));
  const rows = keys.map(({ prefix, token }) => ({
    prefix,
    key_hash: createHash('sha256').update(token).digest(),
    role: 'ci',
    clinic_id,
    name: keyName(run_id),
  }));
  await tx`insert into api_keys ${tx(rows)} on conflict do nothing`;
  await tx`
    update api_keys set expires_at = now() + ${KEY_LIVES_HOURS}::integer * interval '1 hour'
    where clinic_id = ${clinic_id} and name = ${keyName(run_id)}`;
  return keys.map(({ token }) => token);
}

/** Fresh slots, owners with pets and keys for one run; all in one transaction. */
export async function setUpLoad(sql: Sql, options: SetupOptions): Promise<LoadFile> {
  const { scenario, form, size, seed, url, stripe_url, chaos = [] } = options;
  const is_chaos = chaos.length > 0;
  const plan = scenarios[scenario];
  const run_id = randomUUID();
  return await inTransaction(sql, async (tx) => {
    const clinic_id = await makeClinic(tx);
    await tx`
      delete from api_keys
      where clinic_id = ${clinic_id} and name like 'load %' and expires_at < now()`;
    const slots: Slot[] = [];
    const groups = [...plan.slots(form), ...(is_chaos ? [contest] : [])];
    for (const [index, group] of groups.entries()) {
      slots.push(...(await makeSlots(tx, clinic_id, group, index, run_id)));
    }
    const owners = await makeOwners(tx, plan.owners(size), run_id);
    const tokens = await makeKeys(tx, clinic_id, run_id);
    const head = { scenario, form, ...size, url, stripe_url, seed, run_id, clinic_id, chaos };
    const spares = is_chaos ? await makeSpares(tx, clinic_id, run_id) : [];
    return { head, slots, owners, tokens, spares };
  });
}

/** Ends the run's keys at once; their day of life is only the backstop. */
export async function endKeys(sql: Sql, { clinic_id, run_id }: LoadFile['head']): Promise<void> {
  await sql`
    update api_keys set revoked_at = now()
    where clinic_id = ${clinic_id} and name = ${keyName(run_id)} and revoked_at is null`;
}
