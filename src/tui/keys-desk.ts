import type { Binding } from './keys.ts';
import type { ScreenName } from './model.ts';

/** Keys of the desk that act on many rows, take things back, and change what is looked at: rows of keys.ts. */

export const desk_ids = [
  'mark',
  'unmark',
  'bulk_go',
  'redo',
  'journal',
  'journal_go',
  'resend',
  'hold',
  'zoom',
  'vet_columns',
  'col_prev',
  'col_next',
  'switch_user',
  'switch_go',
  'theme',
  'diff',
] as const;
export type DeskActionId = (typeof desk_ids)[number];

const board: readonly ScreenName[] = ['board'];
const rows: readonly ScreenName[] = ['board', 'detail'];
const with_undo: readonly ScreenName[] = ['board', 'detail', 'money'];
const zoomed: readonly ScreenName[] = ['board', 'detail', 'locks', 'inspect'];
const lists: readonly ScreenName[] = [
  ...with_undo,
  'locks',
  'inspect',
  'jobs',
  'events',
  'health',
  'load',
  'run',
];
const look = { mutates: false, dangerous: false, access: 'view' } as const;
const desk_look = { ...look, access: 'desk' } as const;
const change = { mutates: true, dangerous: false, access: 'desk' } as const;
const asks = { ...change, dangerous: true } as const;

export const desk_bindings: readonly Binding[] = [
  { id: 'mark', keys: [' '], screens: board, ...desk_look },
  { id: 'unmark', keys: ['u'], screens: board, ...desk_look },
  { id: 'resend', keys: ['m'], screens: rows, ...asks },
  { id: 'diff', keys: ['D'], screens: ['detail'], ...look },
  { id: 'hold', keys: ['h'], screens: board, ...change },
  { id: 'redo', keys: ['Z'], screens: with_undo, ...change },
  { id: 'journal', keys: ['U'], screens: with_undo, ...desk_look },
  { id: 'vet_columns', keys: ['v'], screens: board, ...look },
  { id: 'col_prev', keys: ['left'], screens: board, ...look },
  { id: 'col_next', keys: ['right'], screens: board, ...look },
  { id: 'zoom', keys: ['+'], screens: zoomed, ...look },
  { id: 'switch_user', keys: ['L'], screens: lists, ...look },
  { id: 'theme', keys: ['%'], screens: [...lists, 'compare'], ...look },
  { id: 'bulk_go', keys: ['y', 'ctrl-g'], screens: ['bulk'], ...asks },
  { id: 'journal_go', keys: ['y'], screens: ['journal'], ...change },
  { id: 'switch_go', keys: ['enter'], screens: ['switch'], ...look },
];
