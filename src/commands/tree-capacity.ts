import type { CommandSpec } from './spec.ts';

/** Seats of a slot: more of them than usual, and which ones. */
export const capacity_tree: readonly CommandSpec[] = [
  {
    path: 'slots overbook',
    args: [{ name: '<slot>', doc: 'the slot, by id or the end of it' }],
    summary: 'Give a slot more seats than it was made for, or take unsold ones back',
    role: 'manager',
    examples: [
      'petpro slots overbook 2c3d4e5f --seats 1 --reason "walk-in, Mochi"',
      'petpro slots overbook 2c3d4e5f --back 1 --reason "went home"',
    ],
    options: [
      { flags: '--seats <n>', doc: 'seats to add; default 1' },
      { flags: '--back <n>', doc: 'seats to take back instead' },
    ],
    mutates: { endpoint: 'set_overbooking', reason: true, dry_run: true },
    exits: [3, 9, 130],
    load: async () => (await import('./overbooking.ts')).overbookSlot,
  },
  {
    path: 'slots seats',
    args: [{ name: '<slot>', doc: 'the slot, by id or the end of it' }],
    summary: 'The seats of a slot as a map, and what is free of each category',
    role: 'signed_in',
    examples: ['petpro slots seats 2c3d4e5f', 'petpro slots seats 2c3d4e5f --ascii'],
    exits: [3],
    load: async () => (await import('./seats.ts')).slotSeats,
  },
  {
    path: 'seats plan show',
    args: [{ name: '<service>', doc: 'beginning of its name, or its id' }],
    summary: 'The rows, places and categories of the seats of a service',
    role: 'signed_in',
    examples: ['petpro seats plan show Concert', 'petpro seats plan show Concert -o json'],
    exits: [3],
    load: async () => (await import('./seats.ts')).showPlan,
  },
  {
    path: 'seats plan set',
    args: [{ name: '<service>', doc: 'beginning of its name, or its id' }],
    summary: 'Exchange the seat plan of a service; sold seats keep name and tier',
    role: 'manager',
    examples: ['petpro seats plan set Concert --file plan.json --dry-run'],
    options: [
      {
        flags: '--file <file>',
        doc: 'the plan as JSON (docs/capacity.md); - = stdin',
        required: true,
      },
    ],
    mutates: { endpoint: 'set_seat_plan', if_version: true, dry_run: true },
    exits: [3, 6, 9],
    load: async () => (await import('./seats.ts')).setPlan,
  },
];
