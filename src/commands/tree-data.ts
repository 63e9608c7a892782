import type { ExportKind } from '../daemon/store/export.ts';
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

const exports: readonly (readonly [kind: ExportKind | 'all', summary: string])[] = [
  ['all', 'Write everything below as files, all of one moment'],
  ['clinics', 'Write clinics with their rules as a file'],
  ['services', 'Write what clinics sell as a file'],
  ['vets', 'Write the people of clinics as a file'],
  ['owners', 'Write owners as a file'],
  ['pets', 'Write pets as a file'],
  ['bookings', 'Write bookings, past and to come, as a file'],
  ['payments', 'Write payments as a file'],
  ['refunds', 'Write refunds as a file'],
  ['entries', 'Write the ledger: fee, share and tax of every payment and refund'],
  ['reviews', 'Write reviews as a file'],
];

export const data_tree: readonly CommandSpec[] = [
  ...imports.map(
    ({ kind, summary, examples, options = [] }): CommandSpec => ({
      path: `import ${kind}`,
      args: [{ name: '<file>', doc: 'CSV, JSON or JSON lines in UTF-8; - = standard input' }],
      summary,
      role: 'public',
      examples,
      options: [...import_options, ...options],
      exits: [3, 6, 14, 130],
      load: async () => (await import('./import.ts')).importOf(kind),
    }),
  ),
  ...exports.map(
    ([kind, summary]): CommandSpec => ({
      path: `export ${kind}`,
      summary,
      role: 'public',
      examples: [
        `petpro export ${kind} --to backup/2026-11-20`,
        `petpro export ${kind} --to out --format jsonl --clinic BSD`,
      ],
      options: [
        { flags: '--to <folder>', doc: 'made when it is not there', required: true },
        { flags: '--format <format>', doc: 'default csv', choices: ['csv', 'jsonl'] },
        { flags: '--force', doc: 'replace the export that is in the folder' },
      ],
      exits: [3, 6, 130],
      load: async () => (await import('./export.ts')).exportOf(kind),
    }),
  ),
];
