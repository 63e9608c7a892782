import type { CommandSpec } from './spec.ts';

/** What happens to a booking after it was made. */

const booking_arg = { name: '<reference>', doc: 'BP12345678 or the id of the booking' };

export const life_tree: readonly CommandSpec[] = [
  {
    path: 'reschedule',
    args: [booking_arg],
    summary: 'Move a booking to another time of its service',
    role: 'own_or_desk',
    examples: [
      'petpro reschedule BP10000127 --to "sat 09:30" --dry-run',
      'petpro reschedule BP10000127 --to "sat 09:30" --vet Sari --by clinic --reason "vet is ill"',
    ],
    options: [
      { flags: '--to <when>', doc: 'new day and time: "sat 09:30"' },
      { flags: '--vet <name>', doc: 'vet, by name or id; any = whoever is free' },
      { flags: '--slot <slot>', doc: 'the slot itself, by id or the end of it, instead of --to' },
      {
        flags: '--by <who>',
        doc: 'clinic = no price rises, all of a lower price comes back',
        choices: ['owner', 'clinic'],
      },
    ],
    mutates: { endpoint: 'reschedule_booking', reason: true, if_version: true, dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./reschedule.ts')).reschedule,
  },
  {
    path: 'bookings trace',
    args: [
      {
        name: '<booking>',
        doc: 'reference, id of a booking, hold or payment, or a phone number: its newest',
      },
    ],
    summary: 'One timeline: locks, money, webhooks, news, messages, reminders, and what is missing',
    role: 'view',
    examples: [
      'petpro bookings trace BP10000127',
      'petpro bookings trace +6281234567890',
      'petpro bookings trace BP10000127 -o jsonl',
    ],
    exits: [3],
    load: async () => (await import('./trace.ts')).traceBooking,
  },
  {
    path: 'undo',
    args: [booking_arg],
    summary: 'Take a cancel, a no-show or a check-in back, while nothing has left',
    role: 'own_or_desk',
    examples: ['petpro undo BP10000127'],
    mutates: { endpoint: 'undo_booking', if_version: true },
    exits: [3, 6, 9],
    load: async () => (await import('./undo.ts')).undo,
  },
  {
    path: 'undo list',
    summary: 'What you did in the last day and can still take back',
    role: 'own_or_desk',
    examples: ['petpro undo list -o jsonl'],
    exits: [3],
    load: async () => (await import('./undo.ts')).listUndoable,
  },
];
