import type { CommandSpec } from './spec.ts';

/** What owners are reminded of, and when. */

const types = ['upcoming', 'check_in', 'follow_up', 'review_request'];

export const reminders_tree: readonly CommandSpec[] = [
  {
    path: 'reminders list',
    summary: 'Reminders by when they are due, and what would become of each now',
    role: 'view',
    examples: ['petpro reminders list --due 2h', 'petpro reminders list --booking BP10000127'],
    options: [
      { flags: '--due <time>', doc: 'due until then, as 2h, 90m or 3d' },
      {
        flags: '--status <status>',
        doc: 'default: pending; with --booking: all',
        choices: ['pending', 'sent', 'failed', 'cancelled', 'all'],
      },
      { flags: '--type <type>', doc: 'only these', choices: types },
      { flags: '--booking <reference>', doc: 'of this booking' },
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./reminders.ts')).listReminders,
  },
  {
    path: 'reminders run',
    summary: 'Queue what is due now, as the worker does by itself',
    role: 'sre',
    examples: ['petpro reminders run --dry-run', 'petpro reminders run --limit 500'],
    options: [{ flags: '--limit <n>', doc: 'at most this many; default: 200' }],
    mutates: { endpoint: 'run_reminders', dry_run: true },
    exits: [9],
    load: async () => (await import('./reminders.ts')).runReminders,
  },
  {
    path: 'reminders skip',
    args: [{ name: '<reminder>', doc: 'id of the reminder: petpro reminders list -o wide' }],
    summary: 'Keep one reminder from going out',
    role: 'desk',
    examples: [
      'petpro reminders skip 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa --reason "she called us"',
    ],
    mutates: { endpoint: 'skip_reminder', reason: true },
    exits: [3, 6],
    load: async () => (await import('./reminders.ts')).skipReminder,
  },
  {
    path: 'reminders rules',
    summary: 'Which reminders the clinic sends, or one of its services',
    role: 'view',
    examples: ['petpro reminders rules', 'petpro reminders rules --service "Dental"'],
    options: [{ flags: '--service <service>', doc: 'as they hold for this service' }],
    exits: [3],
    pages: 'here',
    load: async () => (await import('./reminders.ts')).showRules,
  },
  {
    path: 'reminders set',
    args: [{ name: '<type>', doc: types.join(', ') }],
    summary: 'When one kind of reminder goes out, for bookings from now on',
    role: 'manager',
    examples: [
      'petpro reminders set upcoming --at 2d,24h,2h --by email,sms',
      'petpro reminders set follow_up --at 7d --service "Dental"',
      'petpro reminders set review_request --off',
    ],
    options: [
      { flags: '--at <times>', doc: 'before the start, or after the end, as 24h,90m' },
      { flags: '--by <channels>', doc: 'email, push, sms; default: email' },
      { flags: '--off', doc: 'none of this kind' },
      { flags: '--default', doc: 'as if nothing had been said' },
      { flags: '--service <service>', doc: 'for this service only' },
    ],
    mutates: { endpoint: 'set_reminder_rule', reason: true },
    exits: [3],
    load: async () => (await import('./reminders.ts')).setRule,
  },
];
