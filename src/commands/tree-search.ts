import type { CommandSpec, OptionSpec } from './spec.ts';

/** Who rings, and places with what they have left. */

const days: OptionSpec = {
  flags: '--days <n>',
  doc: 'free slots of so many days are counted; default 7, 0 = none',
};

export const search_tree: readonly CommandSpec[] = [
  {
    path: 'call',
    args: [{ name: '<number...>', doc: 'as the telephone says it: +62812.., 0812.., tel:+62..' }],
    summary: 'Who rings: shown in the running console, else printed',
    role: 'desk',
    examples: [
      'petpro call +6281234567890',
      'petpro call 0812 3456 7890 --json',
      'petpro call +6281234567890 --desk 2',
    ],
    options: [
      { flags: '--desk <n>', doc: 'ring at this console; default: all of yours on this machine' },
      { flags: '--print', doc: 'print the card, whether or not a console runs' },
    ],
    exits: [3],
    load: async () => (await import('./call.ts')).call,
  },
  {
    path: 'clinics list',
    summary: 'Clinics, salons and venues with what they have left',
    role: 'signed_in',
    examples: ['petpro clinics list --city bandung --kind salon', 'petpro clinics list --days 2'],
    options: [
      { flags: '--city <name>', doc: 'the city, however it is written' },
      { flags: '--name <text>', doc: 'a part of the name' },
      { flags: '--kind <kind>', doc: 'what it is', choices: ['clinic', 'salon', 'venue'] },
      { flags: '--category <name>', doc: 'sells a service of this category now' },
      days,
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./clinics.ts')).listClinics,
  },
  {
    path: 'clinics show',
    args: [{ name: '[clinic...]', doc: 'code, name or id; else that of --clinic' }],
    summary: 'One clinic: hours, people, services and what is left of each',
    role: 'signed_in',
    examples: ['petpro clinics show', 'petpro clinics show TYO --days 2'],
    options: [days],
    exits: [3],
    load: async () => (await import('./clinics.ts')).showClinic,
  },
];
