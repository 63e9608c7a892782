import type { CommandSpec } from './spec.ts';

/** When a vet is not there. */
export const time_off_tree: readonly CommandSpec[] = [
  {
    path: 'slots block',
    summary: 'Close hours of a vet, with a new place for every visit in the way',
    role: 'manager',
    examples: [
      'petpro slots block --vet Andi --date today --reseat --dry-run',
      'petpro slots block --vet Andi --date fri --from 12:00 --to 13:00 --keep --reason lunch',
      'petpro slots block --vet Andi --plan PL91 --reason "vet is ill" --confirm PL91',
    ],
    options: [
      { flags: '--vet <name>', doc: 'whose hours, by name or id', required: true },
      { flags: '--date <day>', doc: 'first day; today when left out' },
      { flags: '--to-date <day>', doc: 'last day; the first one when left out' },
      { flags: '--from <time>', doc: 'on the first day; its beginning when left out' },
      { flags: '--to <time>', doc: 'on the last day; its end when left out' },
      { flags: '--reseat', doc: 'move visits to other free times, cancel those without one' },
      { flags: '--cancel', doc: 'cancel the visits; the owners get everything back' },
      { flags: '--keep', doc: 'leave the visits, close what is free' },
      { flags: '--plan <plan>', doc: 'carry out what a dry run showed' },
      { flags: '--confirm <word>', doc: 'the plan or the number of visits, instead of typing it' },
    ],
    mutates: { endpoint: 'take_time_off', reason: true, dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./time-off.ts')).blockSlots,
  },
  {
    path: 'slots blocks',
    summary: 'Hours of vets that are closed, from now on',
    role: 'view',
    examples: ['petpro slots blocks', 'petpro slots blocks -o csv'],
    exits: [3],
    pages: 'here',
    load: async () => (await import('./time-off.ts')).listBlocks,
  },
  {
    path: 'slots unblock',
    args: [{ name: '<time_off_id>', doc: 'id of the closed hours' }],
    summary: 'Open closed hours of a vet again; what was moved stays moved',
    role: 'manager',
    examples: ['petpro slots unblock 0193b2c4-5d6e-7f80-9a1b-2c3d4e5f6071'],
    mutates: { endpoint: 'end_time_off' },
    exits: [3, 6],
    load: async () => (await import('./time-off.ts')).unblockSlots,
  },
];
