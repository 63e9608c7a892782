import type { Binding } from './keys.ts';
import type { ScreenName } from './model.ts';

/** Keys of the find screen: rows of keys.ts. In its box letters are text; these count on its list. */

export const find_ids = ['find_open', 'find_copy', 'find_focus'] as const;
export type FindActionId = (typeof find_ids)[number];

const find: readonly ScreenName[] = ['find'];
const look = { mutates: false, dangerous: false, access: 'desk' } as const;

export const find_bindings: readonly Binding[] = [
  { id: 'find_open', keys: ['enter'], screens: find, ...look },
  { id: 'find_copy', keys: ['y'], screens: find, ...look },
  { id: 'find_focus', keys: ['tab', '/'], screens: find, ...look },
];
