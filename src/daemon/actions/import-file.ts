import type { Sql, TransactionSql } from 'postgres';
import { AppError, type Json } from '../../domain/errors.ts';
import { checkRow, type RowFault } from '../../domain/import.ts';
import type { ImportKind } from '../../domain/import-fields.ts';
import { inTransaction } from '../store/db.ts';
import { importBookings } from '../store/import-bookings.ts';
import { type IdSpace, importedId } from '../store/import-ids.ts';
import { type ImportRow, importRows, type Verdict } from '../store/import-rows.ts';
import { type ImportCounts, saveImportRun } from '../store/import-runs.ts';
import { badDataOf } from '../store/pg-errors.ts';

/** Takes the rows of a file in, batch by batch, each with its mark in one transaction. */

/** Rows of one transaction. A booking takes its owner's lock until the commit, so theirs are few. */
const BATCH_ROWS = {
  clinics: 500,
  services: 500,
  vets: 500,
  owners: 1_000,
  pets: 1_000,
  bookings: 100,
};

/** One row of the file: its fields, or why it cannot even be read. */
export type SourceRow = {
  readonly line: number;
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly fault: RowFault | null;
  /** As it stood in the file, for the file of rejected rows. */
  readonly raw: Json;
};

export type Reject = {
  readonly line: number;
  readonly faults: readonly RowFault[];
  readonly raw: Json;
};

export type ImportWish = {
  readonly kind: ImportKind;
  readonly source: string;
  /** Null: a dry run, which writes nothing and marks nothing. */
  readonly run_id: string | null;
  readonly on_error: 'stop' | 'skip';
  readonly open_slots: boolean;
  readonly rows: AsyncIterable<SourceRow>;
  /** Counts of the run so far; its rows of the file are passed over. */
  readonly begin: ImportCounts;
  /** Called within the transaction of the batch, before it commits: a reject may be told twice, never lost. */
  readonly on_reject: (reject: Reject) => void;
  readonly on_batch: (counts: ImportCounts) => void;
  readonly signal: AbortSignal;
};

export type ImportResult = {
  readonly counts: ImportCounts;
  /** stopped: by the signal, or with on_error `stop` at the first reject. */
  readonly state: 'done' | 'interrupted' | 'stopped';
};

type Checked = {
  readonly source: SourceRow;
  readonly row: ImportRow | null;
  readonly faults: readonly RowFault[];
};

const word = (value: Json | undefined) => (typeof value === 'string' ? value : null);

/** The ids of the file turned into ours; the words stay beside them, because codes and names are taken too. */
function withIds(kind: ImportKind, source: string, row: ImportRow): ImportRow {
  const spaces: Readonly<Record<string, IdSpace>> = {
    clinic_id: 'clinic',
    service_id: 'service',
    staff_id: 'staff',
    user_id: 'user',
    pet_id: 'pet',
  };
  const own = {
    clinics: 'clinic',
    services: 'service',
    vets: 'staff',
    owners: 'user',
    pets: 'pet',
    bookings: 'booking',
  } as const;
  const made: Record<string, Json> = { ...row };
  // A clinic may be named by its code alone.
  const own_word = word(row['id']) ?? word(row['code']) ?? '';
  made['id'] = importedId(source, own[kind], own_word);
  for (const [field, space] of Object.entries(spaces)) {
    const written = word(row[field]);
    if (written === null) continue;
    made[field] = importedId(source, space, written);
    made[field.replace(/_id$/, '_word')] = written;
  }
  return made;
}

function check(wish: ImportWish, source: SourceRow): Checked {
  if (source.values === null || source.fault !== null) {
    return { source, row: null, faults: [source.fault ?? { field: null, why: 'cannot be read' }] };
  }
  const { row, faults } = checkRow(wish.kind, source.values);
  if (faults !== null) return { source, row: null, faults };
  return { source, row: withIds(wish.kind, wish.source, row), faults: [] };
}

async function judge(sql: TransactionSql, wish: ImportWish, rows: readonly ImportRow[]) {
  const { kind, run_id, open_slots } = wish;
  if (kind !== 'bookings') return await importRows(sql, kind, rows, run_id === null);
  return await importBookings(sql, rows, { run_id: run_id ?? 'dry-run', open_slots });
}

/** One by one, when the database refused the batch as a whole without saying which row it was. */
async function judgeEach(
  sql: TransactionSql,
  wish: ImportWish,
  rows: readonly ImportRow[],
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const [index, row] of rows.entries()) {
    const n = index + 1;
    try {
      const [verdict] = await sql.savepoint(async (inner) => await judge(inner, wish, [row]));
      if (verdict) verdicts.push({ ...verdict, n });
    } catch (error) {
      const problem = badDataOf(error);
      if (problem === null) throw error;
      verdicts.push({ n, outcome: 'rejected', field: null, problem });
    }
  }
  return verdicts;
}

const outcome_counts = {
  new: 'added',
  changed: 'changed',
  same: 'same',
  kept: 'kept',
  rejected: 'rejected',
} as const;

/** Says that the transaction did its work and is to leave nothing behind. */
class Rollback extends Error {}

type Batch = {
  readonly verdicts: readonly Verdict[];
  /** Items that are dealt with, from the first. */
  readonly taken: number;
};

/** Verdict of every item of a batch: faults found in reading it, then what the database says. */
async function decide(
  sql: TransactionSql,
  wish: ImportWish,
  items: readonly Checked[],
  each: boolean,
): Promise<Batch> {
  const rows = items.flatMap(({ row }) => (row === null ? [] : [row]));
  const from_database = rows.length === 0 ? [] : await (each ? judgeEach : judge)(sql, wish, rows);
  let at = 0;
  const verdicts = items.map(({ row, faults }, index): Verdict => {
    const [fault] = faults;
    if (row === null) {
      return {
        n: index + 1,
        outcome: 'rejected',
        field: fault?.field ?? null,
        problem: fault?.why ?? '',
      };
    }
    const verdict = from_database[at];
    at += 1;
    if (!verdict) throw new Error('the database gave no verdict on a row');
    return { ...verdict, n: index + 1 };
  });
  return { verdicts, taken: items.length };
}

function add(counts: ImportCounts, verdicts: readonly Verdict[]): ImportCounts {
  const sum = { ...counts };
  for (const { outcome } of verdicts) {
    sum[outcome_counts[outcome]] += 1;
    sum.rows_read += 1;
  }
  return sum;
}

function tell(wish: ImportWish, items: readonly Checked[], verdicts: readonly Verdict[]): void {
  for (const [index, { outcome, field, problem }] of verdicts.entries()) {
    const item = items[index];
    if (outcome !== 'rejected' || !item) continue;
    const { line, raw } = item.source;
    const faults = item.faults.length > 0 ? item.faults : [{ field, why: problem ?? '' }];
    wish.on_reject({ line, faults, raw });
  }
}

/** One batch in one transaction; with `stop` nothing behind the first reject is written. */
async function takeBatch(
  sql: Sql,
  wish: ImportWish,
  items: readonly Checked[],
  before: ImportCounts,
  each = false,
): Promise<{ readonly counts: ImportCounts; readonly is_stopped: boolean }> {
  const is_dry = wish.run_id === null;
  const box: { batch: Batch | null } = { batch: null };
  const work = async (tx: TransactionSql) => {
    const batch = await decide(tx, wish, items, each);
    const bad = batch.verdicts.findIndex(({ outcome }) => outcome === 'rejected');
    box.batch = batch;
    if (is_dry || (bad !== -1 && wish.on_error === 'stop')) throw new Rollback();
    tell(wish, items, batch.verdicts);
    const saved = await saveImportRun(tx, wish.run_id ?? '', before, add(before, batch.verdicts));
    if (!saved) {
      throw new AppError('conflict', 'Somebody else goes on with this import at the same time.');
    }
  };
  try {
    await inTransaction(sql, work, { idempotent: true });
  } catch (error) {
    if (!(error instanceof Rollback)) {
      if (badDataOf(error) === null || each) throw error;
      return await takeBatch(sql, wish, items, before, true);
    }
  }
  const verdicts = box.batch?.verdicts ?? [];
  if (is_dry) {
    tell(wish, items, verdicts);
    return { counts: add(before, verdicts), is_stopped: false };
  }
  const bad = verdicts.findIndex(({ outcome }) => outcome === 'rejected');
  if (bad === -1 || wish.on_error === 'skip')
    return { counts: add(before, verdicts), is_stopped: false };
  tell(wish, items, verdicts);
  const good = items.slice(0, bad);
  if (good.length === 0) return { counts: before, is_stopped: true };
  const { counts } = await takeBatch(sql, wish, good, before, each);
  return { counts, is_stopped: true };
}

/** Takes the whole file in, or goes on with it; ends early on a reject (`stop`) or when told to. */
export async function importFile(sql: Sql, wish: ImportWish): Promise<ImportResult> {
  let counts = wish.begin;
  let items: Checked[] = [];
  let ids = new Set<unknown>();
  let seen = 0;
  const flush = async () => {
    if (items.length === 0) return false;
    const done = await takeBatch(sql, wish, items, counts);
    counts = done.counts;
    items = [];
    ids = new Set();
    wish.on_batch(counts);
    return done.is_stopped;
  };
  for await (const source of wish.rows) {
    seen += 1;
    if (seen <= wish.begin.rows_read) continue;
    if (wish.signal.aborted) return { counts, state: 'interrupted' };
    const item = check(wish, source);
    const id = item.row?.['id'];
    // A row that comes twice is first written, then seen again: one statement could not do both.
    if (id !== undefined && ids.has(id) && (await flush())) return { counts, state: 'stopped' };
    items.push(item);
    if (id !== undefined) ids.add(id);
    const is_full = items.length >= BATCH_ROWS[wish.kind];
    if (is_full && (await flush())) return { counts, state: 'stopped' };
  }
  const is_stopped = await flush();
  return { counts, state: is_stopped ? 'stopped' : 'done' };
}
