import type { CommandSpec, OptionSpec } from './spec.ts';

/** Looking after locks and data. These also work while the daemon is down. */

const direct: OptionSpec = {
  flags: '--direct',
  doc: 'work on PostgreSQL and Redis themselves, as when the daemon is down',
};
const older_than: OptionSpec = { flags: '--older-than <time>', doc: 'at least so old, as 10m' };
const max: OptionSpec = { flags: '--max <n>', doc: 'at most this many; default 100' };
const plan: OptionSpec = { flags: '--plan <plan>', doc: 'carry out this plan of a dry run: PL91' };
const confirm: OptionSpec = {
  flags: '--confirm <text>',
  doc: 'what you would be asked to type: time of the slot, number of locks, or plan',
};
const lock_arg = { name: '<lock>', doc: 'key, or clinic, day, time and vet of the slot' };

export const locks_tree: readonly CommandSpec[] = [
  {
    path: 'locks list',
    summary: 'Redis beside PostgreSQL: live, leaked, ghost and foreign locks',
    role: 'sre',
    examples: ['petpro locks list', 'petpro locks list --leaked --older-than 10m'],
    options: [
      {
        flags: '--class <class>',
        doc: 'only these',
        choices: ['leaked', 'ghost', 'foreign', 'live'],
      },
      { flags: '--leaked', doc: 'same as --class leaked' },
      older_than,
      direct,
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./locks.ts')).listLocks,
  },
  {
    path: 'locks inspect',
    args: [lock_arg],
    summary: 'One lock, the hold behind it, and what happened to it',
    role: 'sre',
    examples: [
      'petpro locks inspect "BSD 2026-11-20 14:30 Andi"',
      'petpro locks inspect hold:{0198..}:1',
    ],
    options: [direct],
    exits: [3],
    load: async () => (await import('./locks.ts')).inspectLock,
  },
  {
    path: 'locks release',
    args: [{ ...lock_arg, name: '[lock]' }],
    summary: 'Release one lock by force, or with --leaked those that leaked',
    role: 'sre',
    examples: [
      'petpro locks release "BSD 2026-11-20 14:30 Andi" --reason INC-221',
      'petpro locks release --leaked --max 20 --reason INC-221 --dry-run',
    ],
    options: [
      { flags: '--leaked', doc: 'those that leaked, as petpro locks cleanup' },
      { flags: '--cancel-reservation', doc: 'also end the hold that PostgreSQL has for it' },
      { flags: '--foreign', doc: 'also when the key was not written by PetPro' },
      { flags: '--token <token>', doc: 'only while this is its token, as the list shows it' },
      max,
      older_than,
      plan,
      confirm,
      direct,
    ],
    mutates: { endpoint: 'release_lock', reason: true, dry_run: true },
    exits: [3, 6, 9, 14, 130],
    load: async () => (await import('./locks-release.ts')).releaseLocks,
  },
  {
    path: 'locks cleanup',
    summary: 'Release leaked locks: a dry run makes a plan, a plan is carried out once',
    role: 'sre',
    examples: [
      'petpro locks cleanup --dry-run',
      'petpro locks cleanup --plan PL91 --reason INC-221 --yes',
    ],
    options: [max, older_than, plan, confirm, direct],
    mutates: { endpoint: 'cleanup_locks', reason: true, dry_run: true },
    exits: [3, 6, 14, 130],
    load: async () => (await import('./locks-release.ts')).cleanupLocks,
  },
  {
    path: 'reconcile run',
    summary: 'Compare slots, bookings, money and locks; repair what is safe',
    role: 'sre',
    examples: [
      'petpro reconcile run',
      'petpro reconcile run --fix --dry-run',
      'petpro reconcile run --fix --plan PL92 --reason INC-222 --yes',
    ],
    options: [{ flags: '--fix', doc: 'repair; needs --dry-run or --plan' }, plan, confirm, direct],
    mutates: { endpoint: 'reconcile', reason: true, dry_run: true },
    exits: [3, 6, 12, 14, 130],
    load: async () => (await import('./reconcile.ts')).reconcileRun,
  },
];
