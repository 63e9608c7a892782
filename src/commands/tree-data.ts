import type { ImportKind } from '../domain/import-fields.ts';
import type { CommandSpec, OptionSpec } from './spec.ts';

/** What other systems know comes in; what this one knows goes out. */

const import_options: readonly OptionSpec[] = [
  { flags: '--format <format>', doc: 'default: by the name', choices: ['csv', 'json', 'jsonl'] },
  {
    flags: '--map <list>',
    doc: 'columns of other names: "Kunden-Nr=id,Bemerkung=" (= leaves out)',
  },
  { flags: '--source <name>', doc: 'the other system, when several have ids of their own' },
  { flags: '--dry-run', doc: 'say what would be new, changed, same and rejected; write nothing' },
  { flags: '--resume', doc: 'go on where an import of this file broke off' },
  {
    flags: '--on-error <what>',
    doc: 'at a row that cannot be taken; default stop',
    choices: ['stop', 'skip'],
  },
  { flags: '--rejects <file>', doc: 'where rejected rows go; default FILE.rejects.csv' },
];

type ImportSpec = {
  readonly kind: ImportKind;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly options?: readonly OptionSpec[];
};

const imports: readonly ImportSpec[] = [
  {
    kind: 'clinics',
    summary: 'Take in clinics, salons and venues from a file',
    examples: ['petpro import clinics clinics.csv --dry-run'],
  },
  {
    kind: 'services',
    summary: 'Take in what clinics sell from a file',
    examples: ['petpro import services services.csv --clinic BSD'],
  },
  {
    kind: 'vets',
    summary: 'Take in the people of clinics from a file',
    examples: ['petpro import vets staff.csv --map "Personal-Nr=id"'],
  },
  {
    kind: 'owners',
    summary: 'Take in owners from a file',
    examples: [
      'petpro import owners owners.csv --dry-run',
      'petpro import owners owners.csv --map "Kunden-Nr=id,Bemerkung=" --on-error skip',
      'petpro import owners owners.csv --resume',
      'zcat owners.jsonl.gz | petpro import owners - --format jsonl --source oldvet',
    ],
  },
  {
    kind: 'pets',
    summary: 'Take in the pets of owners from a file',
    examples: ['petpro import pets pets.jsonl --source oldvet'],
  },
  {
    kind: 'bookings',
    summary: 'Take in visits: past ones as history, those to come with their seats',
    examples: ['petpro import bookings visits.csv --clinic BSD --open-slots --on-error skip'],
    options: [
      { flags: '--open-slots', doc: 'make slots for visits to come that no slot is open for' },
    ],
  },
];

export const data_tree: readonly CommandSpec[] = imports.map(
  ({ kind, summary, examples, options = [] }) => ({
    path: `import ${kind}`,
    args: [{ name: '<file>', doc: 'CSV, JSON or JSON lines in UTF-8; - = standard input' }],
    summary,
    role: 'public',
    examples,
    options: [...import_options, ...options],
    exits: [3, 6, 14, 130],
    load: async () => (await import('./import.ts')).importOf(kind),
  }),
);
