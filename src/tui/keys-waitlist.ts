import type { Binding } from './keys.ts';
import type { ScreenName } from './model.ts';

/** The keys of the waiting list: rows of the table in keys.ts. */

export const waitlist_ids = [
  'waitlist',
  'waitlist_offer',
  'waitlist_accept',
  'waitlist_drop',
  'waitlist_yes',
] as const;
export type WaitlistActionId = (typeof waitlist_ids)[number];

const here: readonly ScreenName[] = ['waitlist'];
const lists: readonly ScreenName[] = ['board', 'detail', 'money'];
const look = { mutates: false, dangerous: false, access: 'desk' } as const;
const change = { mutates: true, dangerous: false, access: 'desk' } as const;

export const waitlist_bindings: readonly Binding[] = [
  { id: 'waitlist', keys: ['3', 'w'], screens: lists, ...look },
  { id: 'waitlist_offer', keys: ['o'], screens: here, ...change },
  { id: 'waitlist_accept', keys: ['A'], screens: here, ...change, dangerous: true },
  { id: 'waitlist_drop', keys: ['d'], screens: here, ...change, dangerous: true },
  { id: 'waitlist_yes', keys: ['y'], screens: here, ...change, dangerous: true },
];
