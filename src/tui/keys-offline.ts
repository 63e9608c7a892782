import type { Binding } from './keys.ts';
import type { ScreenName } from './model.ts';

/** Keys of paper and of calls: rows of keys.ts. */

export const offline_ids = [
  'print_sheet',
  'print_go',
  'call_open',
  'caller_book',
  'caller_visit',
] as const;
export type OfflineActionId = (typeof offline_ids)[number];

const look = { mutates: false, dangerous: false, access: 'view' } as const;
const desk = { ...look, access: 'desk' } as const;

/** `everywhere`: a call may be opened from any dialog; it comes back with Esc. */
export function offlineBindings(everywhere: readonly ScreenName[]): readonly Binding[] {
  return [
    { id: 'print_sheet', keys: ['p'], screens: ['board'], ...look },
    { id: 'print_go', keys: ['enter', 'p'], screens: ['print'], ...look },
    { id: 'call_open', keys: ['ctrl-o'], screens: everywhere, ...desk },
    { id: 'caller_book', keys: ['b'], screens: ['caller'], ...desk, mutates: true },
    { id: 'caller_visit', keys: ['enter'], screens: ['caller'], ...desk },
  ];
}
