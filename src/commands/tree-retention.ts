import type { CommandSpec } from './spec.ts';

/** How long things are kept. docs/history.md */
export const retention_tree: readonly CommandSpec[] = [
  {
    path: 'retention list',
    summary: 'How long things are kept, what has gone, and how large the tables are',
    role: 'sre',
    examples: ['petpro retention list', 'petpro retention list --count -o wide'],
    options: [{ flags: '--count', doc: 'also count what would go now; reads whole tables' }],
    watch: true,
    load: async () => (await import('./retention.ts')).listRetention,
  },
  {
    path: 'retention set',
    args: [
      { name: '<what>', doc: 'a rule: claims, deliveries, holds, .. (retention list)' },
      { name: '<time>', doc: 'how long: 400d, 2y, or for-ever' },
    ],
    summary: 'Change how long something is kept',
    role: 'admin',
    examples: [
      'petpro retention set holds 1y --reason "agreed with the auditors"',
      'petpro retention set slots for-ever --reason "reports of all years"',
    ],
    mutates: { endpoint: 'set_retention', reason: true, if_version: true },
    exits: [3, 6, 9],
    load: async () => (await import('./retention.ts')).setRetention,
  },
  {
    path: 'retention run',
    args: [{ name: '[what]', doc: 'one rule; left out: all' }],
    summary: 'Remove at once what is no longer kept; a daemon does it bite by bite',
    role: 'sre',
    examples: [
      'petpro retention run --dry-run',
      'petpro retention run holds --reason "disk is full"',
    ],
    options: [
      { flags: '--confirm <text>', doc: 'what you would be asked to type: the rule, or all' },
    ],
    mutates: { endpoint: 'run_retention', reason: true, dry_run: true },
    exits: [3, 9, 130],
    load: async () => (await import('./retention.ts')).runRetention,
  },
];
