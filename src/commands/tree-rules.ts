import type { CommandSpec } from './spec.ts';

/** The rules that a clinic makes for its bookings. */
export const rules_tree: readonly CommandSpec[] = [
  {
    path: 'clinics rules',
    summary: 'How long a clinic holds, undoes and decides, and what a cancel gives back',
    role: 'view',
    examples: ['petpro clinics rules', 'petpro clinics rules --clinic TYO -o json'],
    exits: [3],
    load: async () => (await import('./rules.ts')).showBookingRules,
  },
  {
    path: 'clinics rules-set',
    summary: 'Change these rules, for what is held or booked from now on',
    role: 'manager',
    examples: [
      'petpro clinics rules-set --refunds 0:0,24:50,48+:100',
      'petpro clinics rules-set --hold 15m --check-in 2h',
      'petpro clinics rules-set --overbooking 10',
    ],
    options: [
      { flags: '--hold <time>', doc: 'life of a hold, 5m to 15m' },
      { flags: '--undo <time>', doc: 'how long a cancel can be taken back, 0s to 5m' },
      { flags: '--approval <time>', doc: 'how long a request may wait, 1h to 96h' },
      { flags: '--check-in <time>', doc: 'the earliest check-in before a visit, as 12h' },
      { flags: '--refunds <tiers>', doc: 'hours:percent; 48+ = with more than 48 hours' },
      { flags: '--offer <time>', doc: 'how long an offer to somebody who waits stands, 5m to 24h' },
      { flags: '--notice <time>', doc: 'nothing sooner is offered to them, 10m to 7d' },
      { flags: '--misses <n>', doc: 'unanswered offers after which they leave the list' },
      {
        flags: '--overbooking <percent>',
        doc: 'how much a manager may overbook a slot, 0 to 10; 0 = never',
      },
    ],
    mutates: { endpoint: 'set_booking_rules', if_version: true },
    exits: [3, 6],
    load: async () => (await import('./rules.ts')).setBookingRules,
  },
  {
    path: 'services approval',
    args: [
      { name: '<service>', doc: 'beginning of its name, or its id' },
      { name: '<on|off>', doc: 'on = the clinic grants each booking first' },
    ],
    summary: 'Whether a service waits for the clinic’s yes',
    role: 'manager',
    examples: ['petpro services approval Surgery on'],
    mutates: { endpoint: 'set_service_approval' },
    exits: [3],
    load: async () => (await import('./rules.ts')).setServiceApproval,
  },
];
