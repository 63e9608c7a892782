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
];
