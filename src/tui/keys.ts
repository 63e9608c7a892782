import { type Access, mayAccess, type Role } from '../domain/roles.ts';
import { desk_bindings, desk_ids } from './keys-desk.ts';
import { find_bindings, find_ids } from './keys-find.ts';
import { health_bindings, health_ids } from './keys-health.ts';
import { jobs_bindings, jobs_ids } from './keys-jobs.ts';
import { offline_ids, offlineBindings } from './keys-offline.ts';
import { waitlist_bindings, waitlist_ids } from './keys-waitlist.ts';
import { type Place, places, type ScreenName, type Session } from './model.ts';

/** The one table of keys. Hints, help, the palette and docs/console.md print it; a test looks for collisions. */

/** What happens to a booking after it was made. */
const life_ids = [
  'move',
  'pay',
  'undo',
  'receipt',
  'trace',
  'link',
  'receipt_print',
  'receipt_copy',
  'move_go',
  'move_by',
  'move_vet',
  'move_when',
  'pay_go',
  'pay_method',
  'link_copy',
] as const;
export type LifeActionId = (typeof life_ids)[number];
const money_ids = [
  'money_next',
  'money_prev',
  'money_open',
  'money_settle',
  'money_refund',
  'money_count',
  'refund_approve',
  'refund_deny',
  'refund_retry',
  'refund_handed',
  'deed_go',
] as const;

export type MoneyActionId = (typeof money_ids)[number];

export const action_ids = [
  'up',
  'down',
  'page_up',
  'page_down',
  'first',
  'last',
  'day_prev',
  'day_next',
  'day_today',
  'open',
  'arrived',
  'in_room',
  'complete',
  'no_show',
  'cancel',
  'book',
  'find',
  'filter',
  'palette',
  'toggle_open',
  'copy',
  'resync',
  'help',
  'back',
  'quit',
  'submit',
  'extend',
  'clear_draft',
  'next_field',
  'prev_field',
  'book_found',
  'confirm_yes',
  'confirm_by',
  'screen_board',
  'screen_money',
  'screen_locks',
  'screen_load',
  'next_screen',
  'lock_release',
  'lock_plan',
  'lock_mark',
  'lock_unmark',
  'lock_leaked',
  'lock_open',
  'lock_copy',
  'lock_free',
  'load_start',
  'load_export',
  'load_compare',
  'load_open',
  'load_form',
  'load_go',
  ...life_ids,
  ...money_ids,
  ...jobs_ids,
  ...waitlist_ids,
  ...find_ids,
  ...health_ids,
  ...offline_ids,
  ...desk_ids,
] as const;
export type ActionId = (typeof action_ids)[number];

export type Binding = {
  readonly id: ActionId;
  readonly keys: readonly string[];
  readonly screens: readonly ScreenName[];
  /** Changes something on the server: absent in read-only mode and for roles without `access`. */
  readonly mutates: boolean;
  /** Asks before it acts. */
  readonly dangerous: boolean;
  readonly access: KeyAccess;
};

/** `load`: who may put load on the system. No endpoint asks for it, the console and k6 do. */
export type KeyAccess = Access | 'load' | 'health';
const load_roles: readonly Role[] = ['ci', 'sre', 'admin'];
/** Who runs the place and who runs the machines. ux §3, screens and roles. */
const health_roles: readonly Role[] = ['manager', 'sre', 'admin'];

function mayUse(role: Role, needed: KeyAccess): boolean {
  if (needed === 'health') return health_roles.includes(role);
  return needed === 'load' ? load_roles.includes(role) : mayAccess(role, needed);
}

const look = { mutates: false, dangerous: false, access: 'view' } as const;
const change = { mutates: true, dangerous: false, access: 'desk' } as const;
const lists: readonly ScreenName[] = ['board', 'detail'];
const locks: readonly ScreenName[] = ['locks', 'inspect'];
const runs: readonly ScreenName[] = ['load', 'run'];
const money: readonly ScreenName[] = ['money'];
const jobs: readonly ScreenName[] = ['jobs', 'events'];
const papers: readonly ScreenName[] = ['receipt', 'trace', 'payment', 'job', 'fact', 'reconcile'];
const all_lists: readonly ScreenName[] = [
  ...lists,
  ...money,
  ...locks,
  ...jobs,
  'health',
  ...runs,
  'compare',
];
/** On the health screen Tab goes from panel to panel. */
const tabbed = all_lists.filter((screen) => screen !== 'health');
const scrolled: readonly ScreenName[] = [...all_lists, ...papers];
const everywhere: readonly ScreenName[] = [
  ...scrolled,
  'move',
  'pay',
  'deed',
  'changed',
  'bulk',
  'journal',
  'diff',
  'switch',
  'link',
  'find',
  'book',
  'confirm',
  'help',
  'palette',
  'filter',
  'release',
  'cleanup',
  'jobdeed',
  'healthdeed',
  'start',
  'print',
  'caller',
];
const forms: readonly ScreenName[] = [
  'book',
  'release',
  'cleanup',
  'deed',
  'jobdeed',
  'healthdeed',
];
const sre_change = { mutates: true, dangerous: true, access: 'sre' } as const;
const sre_look = { mutates: false, dangerous: false, access: 'sre' } as const;
const manager = { mutates: true, dangerous: true, access: 'manager' } as const;
const load_change = { mutates: true, dangerous: true, access: 'load' } as const;
const load_look = { mutates: false, dangerous: false, access: 'load' } as const;

export const bindings: readonly Binding[] = [
  { id: 'lock_release', keys: ['F'], screens: locks, ...sre_change },
  { id: 'lock_plan', keys: ['D'], screens: ['locks'], ...sre_change },
  { id: 'lock_mark', keys: [' '], screens: ['locks'], ...sre_look },
  { id: 'lock_unmark', keys: ['u'], screens: ['locks'], ...sre_look },
  { id: 'lock_leaked', keys: ['l'], screens: ['locks'], ...sre_look },
  { id: 'lock_open', keys: ['enter'], screens: ['locks'], ...sre_look },
  { id: 'lock_copy', keys: ['y'], screens: locks, ...sre_look },
  ...jobs_bindings,
  ...health_bindings,
  { id: 'load_start', keys: ['S'], screens: runs, ...load_change },
  { id: 'load_export', keys: ['E'], screens: runs, ...load_look },
  { id: 'load_compare', keys: ['='], screens: runs, ...load_look },
  { id: 'load_open', keys: ['enter'], screens: ['load'], ...load_look },
  { id: 'arrived', keys: ['a'], screens: lists, ...change },
  { id: 'in_room', keys: ['i'], screens: lists, ...change },
  { id: 'complete', keys: ['c'], screens: lists, ...change },
  { id: 'no_show', keys: ['n'], screens: lists, ...change },
  { id: 'book', keys: ['b'], screens: lists, ...change },
  { id: 'move', keys: ['r'], screens: lists, ...change, dangerous: true },
  { id: 'cancel', keys: ['x'], screens: lists, ...change, dangerous: true },
  ...waitlist_bindings,
  ...desk_bindings,
  { id: 'money_open', keys: ['enter'], screens: money, ...look, access: 'desk' },
  { id: 'pay', keys: ['$'], screens: [...lists, ...money], ...change, dangerous: true },
  { id: 'undo', keys: ['z'], screens: [...lists, ...money], ...change },
  { id: 'refund_approve', keys: ['A'], screens: money, ...change, dangerous: true },
  { id: 'refund_deny', keys: ['D'], screens: money, ...change, dangerous: true },
  { id: 'refund_retry', keys: ['R'], screens: money, ...manager },
  { id: 'refund_handed', keys: ['H'], screens: money, ...change, dangerous: true },
  { id: 'money_settle', keys: ['M'], screens: money, ...manager },
  { id: 'money_refund', keys: ['F'], screens: money, ...change, dangerous: true },
  { id: 'money_count', keys: ['C'], screens: money, ...change },
  { id: 'money_next', keys: ['right', 's'], screens: money, ...look, access: 'desk' },
  { id: 'money_prev', keys: ['left'], screens: money, ...look, access: 'desk' },
  { id: 'open', keys: ['enter'], screens: ['board'], ...look },
  { id: 'receipt', keys: ['P'], screens: [...lists, ...money], ...look },
  { id: 'trace', keys: ['T'], screens: lists, ...look },
  { id: 'link', keys: ['e'], screens: lists, ...look, access: 'desk' },
  { id: 'find', keys: ['f', '2'], screens: all_lists, ...look, access: 'desk' },
  { id: 'filter', keys: ['/'], screens: ['board', 'locks', 'events'], ...look },
  { id: 'day_prev', keys: ['['], screens: ['board', 'money', 'move'], ...look },
  { id: 'day_next', keys: [']'], screens: ['board', 'money', 'move'], ...look },
  { id: 'day_today', keys: ['t'], screens: ['board', 'money', 'move'], ...look },
  { id: 'toggle_open', keys: ['o'], screens: ['board'], ...look },
  { id: 'palette', keys: [':'], screens: all_lists, ...look },
  { id: 'copy', keys: ['y'], screens: [...lists, ...money], ...look },
  { id: 'help', keys: ['?'], screens: all_lists, ...look },
  { id: 'up', keys: ['up', 'k'], screens: scrolled, ...look },
  { id: 'down', keys: ['down', 'j'], screens: scrolled, ...look },
  { id: 'page_up', keys: ['pgup', 'ctrl-b'], screens: scrolled, ...look },
  { id: 'page_down', keys: ['pgdn', 'ctrl-f'], screens: scrolled, ...look },
  { id: 'first', keys: ['g', 'home'], screens: scrolled, ...look },
  { id: 'last', keys: ['G', 'end'], screens: scrolled, ...look },
  { id: 'screen_board', keys: ['1'], screens: all_lists, ...look },
  { id: 'screen_money', keys: ['4'], screens: all_lists, ...look, access: 'desk' },
  { id: 'screen_locks', keys: ['5'], screens: all_lists, ...sre_look },
  { id: 'screen_jobs', keys: ['6'], screens: all_lists, ...sre_look },
  { id: 'screen_health', keys: ['7'], screens: all_lists, ...look, access: 'health' },
  { id: 'screen_load', keys: ['8'], screens: all_lists, ...load_look },
  { id: 'screen_events', keys: ['9'], screens: all_lists, ...sre_look },
  { id: 'next_screen', keys: ['tab'], screens: tabbed, ...look },
  { id: 'resync', keys: ['ctrl-r'], screens: everywhere, ...look },
  { id: 'back', keys: ['esc'], screens: everywhere, ...look },
  { id: 'quit', keys: ['q'], screens: all_lists, ...look },
  { id: 'submit', keys: ['ctrl-g'], screens: ['book'], ...change },
  { id: 'extend', keys: ['ctrl-t'], screens: ['book'], ...change },
  { id: 'clear_draft', keys: ['ctrl-n'], screens: ['book'], ...look },
  { id: 'next_field', keys: ['tab'], screens: forms, ...look },
  { id: 'prev_field', keys: ['shift-tab'], screens: forms, ...look },
  { id: 'book_found', keys: ['b', 'ctrl-g'], screens: ['find'], ...change },
  ...find_bindings,
  ...offlineBindings(everywhere),
  { id: 'confirm_yes', keys: ['y'], screens: ['confirm'], ...change, dangerous: true },
  { id: 'confirm_by', keys: ['w'], screens: ['confirm'], ...look },
  { id: 'lock_free', keys: ['ctrl-g'], screens: ['release', 'cleanup'], ...sre_change },
  { id: 'load_go', keys: ['y'], screens: ['start'], ...load_change },
  { id: 'move_go', keys: ['y'], screens: ['move'], ...change, dangerous: true },
  { id: 'move_by', keys: ['w'], screens: ['move'], ...look },
  { id: 'move_vet', keys: ['v'], screens: ['move'], ...look },
  { id: 'move_when', keys: ['tab', '/'], screens: ['move'], ...look },
  { id: 'pay_go', keys: ['y'], screens: ['pay'], ...change, dangerous: true },
  { id: 'pay_method', keys: ['c', 'd', 't'], screens: ['pay'], ...look },
  { id: 'deed_go', keys: ['ctrl-g'], screens: ['deed'], ...change, dangerous: true },
  { id: 'receipt_print', keys: ['p'], screens: ['receipt'], ...look },
  { id: 'receipt_copy', keys: ['y'], screens: ['receipt'], ...look },
  { id: 'link_copy', keys: ['y'], screens: ['link'], ...look },
  { id: 'load_form', keys: ['tab'], screens: ['start'], ...load_look },
];

/** The action that leads to a screen. */
export const screen_actions = {
  board: 'screen_board',
  money: 'screen_money',
  locks: 'screen_locks',
  jobs: 'screen_jobs',
  health: 'screen_health',
  load: 'screen_load',
  events: 'screen_events',
} as const satisfies Record<Place, ActionId>;

/** The row of an action; every action has one. */
export function bindingOf(id: ActionId): Binding {
  const row = bindings.find((one) => one.id === id);
  if (row === undefined) throw new Error(`No key is bound to ${id}`);
  return row;
}

/** The screens that this session has, in the order of their numbers. */
export function placesOf(session: Pick<Session, 'role' | 'read_only'>): readonly Place[] {
  return places.filter((place) => {
    return refusal(bindingOf(screen_actions[place]), session) === null;
  });
}

/** Where the day begins: each role at its own screen. */
export function startPlace(session: Pick<Session, 'role'>): Place {
  if (session.role === 'sre') return 'locks';
  return session.role === 'ci' ? 'load' : 'board';
}

/** Full-width letters come from an input method that was left on: `ａ` means `a`. */
export function foldKey(key: string): string {
  return key.length === 1 ? key.normalize('NFKC') : key;
}

/** What the key does on that screen; null when nothing. */
export function bindingFor(screen: ScreenName, key: string): Binding | null {
  const folded = foldKey(key);
  return bindings.find((row) => row.screens.includes(screen) && row.keys.includes(folded)) ?? null;
}

/** Why this session may not use the binding; null when it may. */
export function refusal(
  binding: Binding,
  session: { readonly role: Role; readonly read_only: boolean },
): 'read_only' | 'role' | null {
  if (!mayUse(session.role, binding.access)) return 'role';
  return binding.mutates && session.read_only ? 'read_only' : null;
}

/** The bindings that a screen shows to this session, in the table's order. */
export function shownBindings(screen: ScreenName, session: Session): readonly Binding[] {
  return bindings.filter((row) => row.screens.includes(screen) && refusal(row, session) === null);
}

const key_names: Readonly<Record<string, string>> = {
  ' ': 'Space',
  enter: 'Enter',
  esc: 'Esc',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  up: 'Up',
  left: 'Left',
  right: 'Right',
  down: 'Down',
  pgup: 'PgUp',
  pgdn: 'PgDn',
  home: 'Home',
  end: 'End',
};

/** How a key is written for people: `ctrl-r` -> `Ctrl-R`. */
export function keyName(key: string): string {
  return key_names[key] ?? key.replace(/^ctrl-(.)$/, (_, letter) => `Ctrl-${letter.toUpperCase()}`);
}
