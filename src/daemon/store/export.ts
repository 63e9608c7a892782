import type { Sql, TransactionSql } from 'postgres';
import { type Db, run, runOne } from './db.ts';

/** Everything that is kept, as rows for files; fields have the names that an import takes. */

export const export_kinds = [
  'clinics',
  'services',
  'vets',
  'owners',
  'pets',
  'bookings',
  'payments',
  'refunds',
  'entries',
  'reviews',
] as const;
export type ExportKind = (typeof export_kinds)[number];

export type ExportRow = Readonly<Record<string, unknown>>;

/** Rows that are in memory at a time. */
const FETCH_ROWS = 2_000;

type Scope = { readonly clinic_id: string | null };

const ofClinic = (sql: Db, { clinic_id }: Scope, column: string) =>
  clinic_id === null ? sql`true` : sql`${sql(column)} = ${clinic_id}`;

/** Owners of a clinic are those who ever held or booked something there. */
const ofOwner = (sql: Db, { clinic_id }: Scope, column: string) =>
  clinic_id === null
    ? sql`true`
    : sql`exists (
        select from reservations r
        where r.user_id = ${sql(column)} and r.clinic_id = ${clinic_id}
      )`;

const money = (sql: Db, column: string) => sql`round(${sql(column)}, k.exponent)`;

const queries = {
  clinics: (sql: Db, scope: Scope) => sql`
    select c.id, c.code, c.name, c.kind, c.city, c.address, c.phone, c.email, c.time_zone,
      c.currency, c.lang, c.hold_ms, c.undo_ms, c.approval_ms, c.check_in_hours, c.commission_bp,
      c.tax_bp, c.tax_included, c.cancellation_policy, c.is_active, c.version, c.created_at,
      c.updated_at
    from clinics c
    where ${ofClinic(sql, scope, 'c.id')}
    order by c.code`,
  services: (sql: Db, scope: Scope) => sql`
    select s.id, s.clinic_id, s.name, s.description, s.category, ${money(sql, 's.price')} as price,
      s.currency, s.duration_minutes, s.capacity, s.requires_approval, s.is_available,
      ${money(sql, 's.deposit')} as deposit, s.commission_bp, s.cancellation_policy, s.version,
      s.created_at, s.updated_at
    from services s
    join currencies k on k.code = s.currency
    where ${ofClinic(sql, scope, 's.clinic_id')}
    order by s.id`,
  vets: (sql: Db, scope: Scope) => sql`
    select s.id, s.clinic_id, s.name, s.title, s.is_active, s.created_at, s.updated_at
    from staff s
    where ${ofClinic(sql, scope, 's.clinic_id')}
    order by s.id`,
  owners: (sql: Db, scope: Scope) => sql`
    select u.id, u.full_name, u.phone, u.email, u.lang, u.time_zone, u.is_erased, u.created_at,
      u.updated_at
    from users u
    where ${ofOwner(sql, scope, 'u.id')}
    order by u.id`,
  pets: (sql: Db, scope: Scope) => sql`
    select p.id, p.user_id, p.name, p.species, p.breed, p.born_on, p.notes, p.created_at,
      p.updated_at
    from pets p
    where ${ofOwner(sql, scope, 'p.user_id')}
    order by p.id`,
  bookings: (sql: Db, scope: Scope) => sql`
    select b.id, b.reference_code, b.clinic_id, c.code as clinic_code, b.service_id,
      b.service_snapshot ->> 'name' as service_name, sl.staff_id,
      b.service_snapshot ->> 'staff_name' as staff_name, b.user_id,
      b.user_snapshot ->> 'full_name' as full_name, b.pet_id, b.pet_snapshot ->> 'name' as pet_name,
      sl.starts_at, sl.ends_at, b.quantity, b.status,
      -- Of what was brought in as history only the rest is owed here.
      round(coalesce(h.price, b.amount), k.exponent) as amount,
      round(coalesce(h.price - b.amount, 0) + coalesce((
        select sum(p.amount - coalesce(p.refund_amount, 0))
        from payments p
        where p.booking_id = b.id and p.status in ('success', 'refunded')
      ), 0), k.exponent) as amount_paid,
      b.currency, b.payment_mode, b.notes, b.cancellation_reason, b.cancelled_by, b.cancelled_at,
      b.refund_percent, b.arrived_at, b.started_at, b.completed_at, b.version, b.created_at,
      b.updated_at
    from bookings b
    join clinics c on c.id = b.clinic_id
    join slots sl on sl.id = b.slot_id
    join currencies k on k.code = b.currency
    cross join lateral (
      select (b.service_snapshot ->> 'imported_price')::numeric as price
    ) as h
    where ${ofClinic(sql, scope, 'b.clinic_id')}
    order by b.id`,
  payments: (sql: Db, scope: Scope) => sql`
    select p.id, p.booking_id, p.reservation_id, p.clinic_id, p.user_id,
      ${money(sql, 'p.amount')} as amount, p.currency, p.payment_method, p.purpose, p.status,
      p.external_reference, p.failure_reason, p.paid_at, p.refund_status,
      ${money(sql, 'p.refund_amount')} as refund_amount, p.refunded_at, p.created_at, p.updated_at
    from payments p
    join currencies k on k.code = p.currency
    where ${ofClinic(sql, scope, 'p.clinic_id')}
    order by p.id`,
  refunds: (sql: Db, scope: Scope) => sql`
    select f.id, f.payment_id, f.booking_id, f.clinic_id, ${money(sql, 'f.amount')} as amount,
      f.currency, f.reason, f.status, f.external_reference, f.created_at, f.updated_at
    from refunds f
    join currencies k on k.code = f.currency
    where ${ofClinic(sql, scope, 'f.clinic_id')}
    order by f.id`,
  entries: (sql: Db, scope: Scope) => sql`
    select e.id, e.booking_id, e.payment_id, e.refund_id, e.clinic_id, e.type,
      ${money(sql, 'e.total_amount')} as total_amount,
      ${money(sql, 'e.platform_fee')} as platform_fee,
      ${money(sql, 'e.clinic_amount')} as clinic_amount,
      ${money(sql, 'e.tax_amount')} as tax_amount, e.currency, e.status, e.settlement_date,
      e.created_at
    from financial_entries e
    join currencies k on k.code = e.currency
    where ${ofClinic(sql, scope, 'e.clinic_id')}
    order by e.id`,
  reviews: (sql: Db, scope: Scope) => sql`
    select r.id, r.booking_id, r.user_id, r.clinic_id, r.service_id, r.rating, r.comment,
      r.ratings_breakdown, r.is_verified, r.is_published, r.created_at, r.updated_at
    from reviews r
    where ${ofClinic(sql, scope, 'r.clinic_id')}
    order by r.id`,
} as const satisfies Record<ExportKind, unknown>;

const plain = (value: unknown) =>
  value instanceof Temporal.Instant || value instanceof Temporal.PlainDate
    ? value.toString()
    : value;

/** The fields of a kind in order, also when it has no rows. */
export async function exportFields(sql: Db, kind: ExportKind): Promise<readonly string[]> {
  const rows = await run(sql`${queries[kind](sql, { clinic_id: null })} limit 0`);
  return rows.columns.map(({ name }) => name);
}

/** All rows of a kind, some thousand at a time, as the snapshot of the transaction has them. */
export async function* exportRows(
  sql: TransactionSql,
  kind: ExportKind,
  scope: Scope,
): AsyncIterable<readonly ExportRow[]> {
  const query = queries[kind](sql, scope);
  for await (const rows of query.cursor(FETCH_ROWS)) {
    yield rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([field, value]) => [field, plain(value)])),
    );
  }
}

/** One picture of the database for all files, however long writing them takes. */
export async function inSnapshot<T>(
  sql: Sql,
  work: (tx: TransactionSql, as_of: string) => Promise<T>,
): Promise<T> {
  const box: { value: T }[] = [];
  await run(
    sql.begin('isolation level repeatable read read only', async (tx) => {
      // A slow disk is no reason to lose the picture.
      await tx`set local idle_in_transaction_session_timeout = '10min'`;
      const { as_of } = await runOne(tx<{ as_of: Temporal.Instant }[]>`select now() as as_of`);
      box[0] = { value: await work(tx, as_of.toString({ smallestUnit: 'second' })) };
    }),
  );
  const [result] = box;
  if (!result) throw new Error('the export ended without its result');
  return result.value;
}

/** Who took what away; false on a replica, which cannot write it down. */
export async function noteExport(
  sql: Db,
  wish: {
    readonly kinds: readonly ExportKind[];
    readonly clinic_id: string | null;
    readonly by: string;
  },
): Promise<boolean> {
  const rows = await run(sql<{ is_replica: boolean }[]>`select pg_is_in_recovery() as is_replica`);
  if (rows[0]?.is_replica !== false) return false;
  await run(sql`
    insert into audit_log (
      clinic_id, actor_kind, source, request_id, action, target_type, target_id, after
    )
    values (
      ${wish.clinic_id}, 'system', 'cli', ${wish.by}, 'data.export', 'database',
      current_database(), ${sql.json({ kinds: [...wish.kinds] })}
    )`);
  return true;
}

/** The clinic of a code, name or id; null when there is none. */
export async function findExportClinic(
  sql: Db,
  word: string,
): Promise<{ readonly clinic_id: string; readonly code: string } | null> {
  const [found] = await run(sql<{ clinic_id: string; code: string }[]>`
    select id as clinic_id, code
    from clinics
    where code = upper(${word}) or id::text = lower(${word}) or lower(name) = lower(${word})
    limit 1`);
  return found ?? null;
}
