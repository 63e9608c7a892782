import { AppError, type Json } from '../domain/errors.ts';
import { plainLine } from '../domain/width.ts';
import { type Context, hasColour, paint, say } from './context.ts';
import { alignedTable, type Column, csvText, tabbedTable } from './table.ts';

/** How results reach stdout: one listing, seven shapes. The envelope is a contract: fields only get added. */

export type Item = Readonly<Record<string, unknown>>;

export type Listing<T extends Item> = {
  /** `SlotList`, `Booking`: what a program can switch on. */
  readonly kind: string;
  readonly items: readonly T[];
  readonly columns: readonly Column<T>[];
  /** The fixed CSV head: names of the items' fields. */
  readonly csv: readonly string[];
  /** What `-o name` prints: the word that other commands take. */
  readonly name: (item: T) => string;
  readonly cursor?: string | null;
  /** When the answer was true; RFC 3339. */
  readonly as_of?: string;
  /** Read from the day cache: the daemon may know better. */
  readonly stale?: boolean;
  /** Said on stderr when there is nothing to show. */
  readonly empty?: string;
};

/** One thing: the same document, with one item, and lines instead of a table. */
export type Single<T extends Item> = {
  readonly kind: string;
  readonly item: T;
  readonly lines: readonly (readonly [label: string, text: string])[];
  readonly csv: readonly string[];
  readonly name: string;
  readonly as_of?: string;
};

export type Envelope = {
  readonly api_version: 'petpro/v1';
  readonly kind: string;
  readonly items: readonly Item[];
  readonly meta: {
    readonly as_of: string;
    readonly cursor: string | null;
    readonly stale: boolean;
  };
  readonly error: Readonly<Record<string, Json>> | null;
};

function nowText(): string {
  return Temporal.Now.instant().toString({ smallestUnit: 'second' });
}

/** The JSON document of every command, success or failure. */
export function envelope(
  kind: string,
  items: readonly Item[],
  more: {
    readonly cursor?: string | null;
    readonly as_of?: string;
    readonly stale?: boolean;
  } = {},
): Envelope {
  return {
    api_version: 'petpro/v1',
    kind,
    items,
    meta: {
      as_of: more.as_of ?? nowText(),
      cursor: more.cursor ?? null,
      stale: more.stale ?? false,
    },
    error: null,
  };
}

function pick(items: readonly Item[], fields: readonly string[] | null): readonly Item[] {
  const first = items[0];
  if (fields === null || first === undefined) return items;
  const unknown = fields.filter((field) => !Object.hasOwn(first, field));
  if (unknown.length > 0) {
    throw new AppError('invalid_input', `There is no field ${unknown.join(', ')} here.`, {
      fields: Object.keys(first),
    });
  }
  return items.map((item) => Object.fromEntries(fields.map((field) => [field, item[field]])));
}

function printTable<T extends Item>(context: Context, listing: Listing<T>): void {
  const { io, mode } = context;
  if (listing.items.length === 0) {
    if (listing.empty !== undefined) say(context, listing.empty);
    return;
  }
  const columns = listing.columns.filter(
    (column) => column.wide !== true || mode === 'wide' || !io.is_tty,
  );
  const [head = '', ...lines] = io.is_tty
    ? alignedTable(columns, listing.items, mode === 'wide' ? Number.MAX_SAFE_INTEGER : io.columns())
    : tabbedTable(columns, listing.items);
  const coloured = hasColour(context.config, io.is_tty) && io.is_tty;
  io.out(`${[paint('bold', head, coloured), ...lines].join('\n')}\n`);
}

/** True when the mode is for programs; then it has been printed. */
function printMachine(
  context: Context,
  listing: Pick<Listing<Item>, 'kind' | 'items' | 'csv' | 'cursor' | 'as_of' | 'stale'>,
  names: () => readonly string[],
): boolean {
  const { io, fields } = context;
  const items = pick(listing.items, fields);
  switch (context.mode) {
    case 'json': {
      const { cursor = null, as_of, stale = false } = listing;
      const more = { cursor, stale, ...(as_of === undefined ? {} : { as_of }) };
      io.out(`${JSON.stringify(envelope(listing.kind, items, more))}\n`);
      return true;
    }
    case 'jsonl':
      io.out(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
      return true;
    case 'csv':
      io.out(csvText(listing.csv, listing.items));
      return true;
    case 'name':
      io.out(
        names()
          .map((name) => `${name}\n`)
          .join(''),
      );
      return true;
    case 'none':
      return true;
    case 'table':
    case 'wide':
      return false;
  }
}

/** The page of a list that the server does not page. */
function cutHere<T extends Item>({ page }: Context, listing: Listing<T>): Listing<T> {
  if (page === null) return listing;
  const end = page.offset + page.limit;
  const is_cut = end < listing.items.length;
  return {
    ...listing,
    items: listing.items.slice(page.offset, end),
    cursor: is_cut ? `o${end}` : null,
  };
}

/** The words that other commands take; for the Tab key with what stands in the table beside them. */
function namesOf<T extends Item>(context: Context, listing: Listing<T>): readonly string[] {
  if (context.describes_names !== true) return listing.items.map(listing.name);
  const columns = listing.columns.filter((column) => column.wide !== true);
  return listing.items.map((item) => {
    const name = listing.name(item);
    const cells = columns.map((column) => plainLine(column.text(item)));
    return [name, ...cells.filter((cell) => cell !== name && cell !== '')].join('\t');
  });
}

/** Prints a list in the asked shape. */
export function printList<T extends Item>(context: Context, whole: Listing<T>): void {
  const listing = cutHere(context, whole);
  if (printMachine(context, listing, () => namesOf(context, listing))) return;
  printTable(context, listing);
  if (listing.cursor) say(context, `More: --cursor ${listing.cursor}`);
}

/** Prints one thing in the asked shape; for people `label  text` lines, empty ones left out. */
export function printOne<T extends Item>(context: Context, single: Single<T>): void {
  const { kind, item, csv, name, as_of } = single;
  const listing = { kind, items: [item], csv, ...(as_of === undefined ? {} : { as_of }) };
  if (printMachine(context, listing, () => [name])) return;
  const lines = single.lines.filter(([, text]) => text !== '');
  const columns: readonly Column<readonly [string, string]>[] = [
    { head: '', text: ([label]) => label, whole: true },
    { head: '', text: ([, text]) => text, whole: true },
  ];
  const table = context.io.is_tty
    ? alignedTable(columns, lines, Number.MAX_SAFE_INTEGER)
    : tabbedTable(columns, lines);
  context.io.out(`${table.slice(1).join('\n')}\n`);
}
