import { money_groups } from '../domain/report.ts';
import type { CommandSpec } from './spec.ts';

/** Figures of a clinic. docs/reports.md */

const options = [
  { flags: '--from <day>', doc: 'first day at the clinic; default: six days before --to' },
  { flags: '--to <day>', doc: 'last day, included; default: today' },
];

export const reports_tree: readonly CommandSpec[] = [
  {
    path: 'reports day',
    summary: 'Bookings, revenue, cancellations and use of the time, day by day',
    role: 'manager',
    examples: ['petpro reports day', 'petpro reports day --from 2026-11-01 --to 2026-11-30 -o csv'],
    options,
    exits: [3],
    load: async () => (await import('./reports.ts')).reportDays,
  },
  {
    path: 'reports week',
    summary: 'The same by weeks from Monday to Sunday',
    role: 'manager',
    examples: ['petpro reports week --from 2026-09-01 --to today'],
    options,
    exits: [3],
    load: async () => (await import('./reports.ts')).reportWeeks,
  },
  {
    path: 'reports vets',
    summary: 'The same by vet',
    role: 'manager',
    examples: ['petpro reports vets --from 2026-11-01 -o wide'],
    options,
    exits: [3],
    load: async () => (await import('./reports.ts')).reportVets,
  },
  {
    path: 'reports services',
    summary: 'The same by service',
    role: 'manager',
    examples: ['petpro reports services --from 2026-11-01 --json=label,bookings,revenue'],
    options,
    exits: [3],
    load: async () => (await import('./reports.ts')).reportServices,
  },
  {
    path: 'reports money',
    summary: 'Takings, refunds, commission and tax, from the ledger',
    role: 'manager',
    examples: [
      'petpro reports money',
      'petpro reports money --by month --from 2026-01-01 -o csv',
      'petpro reports money --by method --from 2026-11-01',
    ],
    options: [
      { flags: '--by <group>', doc: 'one row per; default: day', choices: [...money_groups] },
      ...options,
    ],
    exits: [3],
    load: async () => (await import('./reports-money.ts')).reportMoney,
  },
];
