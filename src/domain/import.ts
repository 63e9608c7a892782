import type { z } from 'zod';
import { AppError, type Json } from './errors.ts';
import { type ImportKind, import_schemas, other_words, passed_over } from './import-fields.ts';

/** From the columns of a file to checked rows. */

/** Ours, and the field of each column of the file; null = left out. */
export type Columns = ReadonlyMap<string, string | null>;

/** What is wrong with one row, in a sentence that begins after the field's name. */
export type RowFault = { readonly field: string | null; readonly why: string };

export type CheckedRow =
  | { readonly row: Readonly<Record<string, Json>>; readonly faults: null }
  | { readonly row: null; readonly faults: readonly RowFault[] };

const fieldsOf = (kind: ImportKind): readonly string[] => Object.keys(import_schemas[kind].shape);

/** Fields that every row has to have. */
export function neededFields(kind: ImportKind): readonly string[] {
  const shape: Readonly<Record<string, z.ZodType>> = import_schemas[kind].shape;
  return Object.entries(shape)
    .filter(([, schema]) => !schema.safeParse(undefined).success)
    .map(([field]) => field);
}

/** `Kunden-Nr=id,Bemerkung=` as pairs; an empty right side leaves the column out. */
export function readMap(kind: ImportKind, text: string | null): Columns {
  const pairs = (text ?? '').split(',').filter((pair) => pair.trim() !== '');
  return new Map(
    pairs.map((pair) => {
      const at = pair.lastIndexOf('=');
      const column = pair.slice(0, Math.max(at, 0)).trim();
      const field = pair.slice(at + 1).trim();
      if (at < 1 || column === '') {
        throw new AppError('invalid_input', `--map takes col=field, not "${pair.trim()}".`);
      }
      if (field !== '' && !fieldsOf(kind).includes(field)) {
        throw new AppError('invalid_input', `${kind} have no field ${field}.`, {
          fields: fieldsOf(kind),
        });
      }
      return [column, field === '' ? null : field] as const;
    }),
  );
}

/** The field that a column of that name means; null = passed over, undefined = unknown. */
export function fieldOf(kind: ImportKind, column: string): string | null | undefined {
  const word = column
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');
  if (fieldsOf(kind).includes(word)) return word;
  // A column beginning with _ is ours: what a file of rejected rows says about them.
  if (passed_over[kind].includes(word) || word.startsWith('_')) return null;
  return other_words[kind][word];
}

/**
 * The field of every column; throws when one is unknown, two mean the same, or a needed field has none. `given` are
 * fields that come from elsewhere (`--clinic`).
 */
export function matchColumns(
  kind: ImportKind,
  columns: readonly string[],
  map: Columns,
  given: readonly string[] = [],
): Columns {
  const missing_column = [...map.keys()].find((column) => !columns.includes(column));
  if (missing_column !== undefined) {
    const list = columns.join(', ');
    throw new AppError(
      'invalid_input',
      `The file has no column "${missing_column}"; it has: ${list}.`,
      { columns },
    );
  }
  const named = columns.map((column) => {
    return [column, map.has(column) ? map.get(column) : fieldOf(kind, column)] as const;
  });
  const unknown = named.filter(([, field]) => field === undefined).map(([column]) => column);
  const [first_unknown] = unknown;
  if (first_unknown !== undefined) {
    const list = unknown.map((column) => `"${column}"`).join(', ');
    const detail = `${kind} have no field for the column ${list}. Fields: ${fieldsOf(kind).join(', ')}.`;
    throw new AppError('invalid_input', detail, {
      fields: fieldsOf(kind),
      next: `petpro import ${kind} FILE --map "${first_unknown}=FIELD"; nothing after the = leaves it out`,
    });
  }
  const matched = new Map(named.map(([column, field]) => [column, field ?? null]));
  const used = [...matched.values()].filter((field) => field !== null);
  const twice = used.find((field, index) => used.indexOf(field) !== index);
  if (twice !== undefined) {
    throw new AppError('invalid_input', `Two columns mean the field ${twice}.`, {
      columns: [...matched].filter(([, field]) => field === twice).map(([column]) => column),
      next: `petpro import ${kind} FILE --map "COLUMN=" leaves one of them out`,
    });
  }
  const missing = neededFields(kind).filter(
    (field) => !used.includes(field) && !given.includes(field),
  );
  if (missing.length > 0) {
    const list = missing.join(', ');
    const detail = `No column of the file is ${list}. Columns: ${columns.join(', ')}.`;
    throw new AppError('invalid_input', detail, {
      columns,
      next: `petpro import ${kind} FILE --map "COLUMN=${missing[0]}"`,
    });
  }
  return matched;
}

function whyOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'unrecognized_keys') return 'is no field here';
  if (value === undefined || value === null || value === '') return 'is needed';
  if (issue.code === 'invalid_value') return `is one of ${issue.values.join(', ')}`;
  if (issue.code === 'too_big') return `is more than ${issue.maximum}`;
  if (issue.code === 'too_small') return `is less than ${issue.minimum}`;
  if (issue.code === 'invalid_type' && issue.expected === 'number') return 'is no whole number';
  if (issue.code === 'invalid_format' && issue.message.startsWith('Invalid')) {
    return issue.format === 'regex'
      ? 'has a form or signs that are not taken'
      : `is no ${issue.format}`;
  }
  return issue.message;
}

/** Checks one row whose keys are fields already. */
export function checkRow(kind: ImportKind, values: Readonly<Record<string, unknown>>): CheckedRow {
  const checked = import_schemas[kind].safeParse(values);
  if (!checked.success) {
    const faults = checked.error.issues.map((issue) => {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const field = unknown ?? (issue.path[0] === undefined ? null : String(issue.path[0]));
      return { field, why: whyOf(issue, field === null ? null : values[field]) };
    });
    return { row: null, faults };
  }
  const row: Record<string, Json> = {};
  for (const [field, value] of Object.entries<Json | undefined>(checked.data)) {
    if (value !== undefined) row[field] = value;
  }
  return { row, faults: null };
}
