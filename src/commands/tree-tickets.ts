import type { CommandSpec, OptionSpec } from './spec.ts';

/** Tickets of venues: rows of the command tree (tree.ts). */

const reference = { name: '<reference>', doc: 'BP12345678, or an id' };
const speaks: OptionSpec = {
  flags: '--speaks <lang>',
  doc: "language; default: the owner's",
  choices: ['en', 'ja', 'id'],
};

export const ticket_tree: readonly CommandSpec[] = [
  {
    path: 'tickets list',
    args: [reference],
    summary: 'The tickets of a booking, and which of them came in',
    role: 'own_or_desk',
    examples: ['petpro tickets list BP10000127'],
    options: [speaks],
    exits: [3, 9],
    pages: 'here',
    load: async () => (await import('./tickets.ts')).listTickets,
  },
  {
    path: 'tickets print',
    args: [reference],
    summary: 'The tickets of a booking as PDF, one page per seat',
    role: 'own_or_desk',
    examples: [
      'petpro tickets print BP10000127 --out tickets.pdf',
      'petpro tickets print BP10000127 --printer office',
    ],
    options: [
      { flags: '--out <file>', doc: 'write it there instead of to stdout' },
      { flags: '--printer <name>', doc: 'send it to that printer with lp' },
      speaks,
    ],
    exits: [3, 9],
    watch: false,
    load: async () => (await import('./tickets.ts')).printTickets,
  },
];
