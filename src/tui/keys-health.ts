import type { Binding } from './keys.ts';
import type { ScreenName } from './model.ts';

/** Keys of the health screen and of the operators' wall: rows of keys.ts. */

export const health_ids = [
  'screen_health',
  'health_open',
  'health_ack',
  'health_mute',
  'health_refresh',
  'health_reconcile',
  'health_next',
  'health_prev',
  'health_zoom',
  'health_copy',
  'health_go',
] as const;
export type HealthActionId = (typeof health_ids)[number];

const health: readonly ScreenName[] = ['health'];
const rows: readonly ScreenName[] = ['health', 'fact'];
const look = { mutates: false, dangerous: false, access: 'health' } as const;
const sre_look = { ...look, access: 'sre' } as const;
const change = { mutates: true, dangerous: false, access: 'sre' } as const;
const asks = { ...change, dangerous: true } as const;

export const health_bindings: readonly Binding[] = [
  { id: 'health_next', keys: ['tab'], screens: health, ...look },
  { id: 'health_ack', keys: ['A'], screens: rows, ...change },
  { id: 'health_mute', keys: ['M'], screens: rows, ...asks },
  { id: 'health_reconcile', keys: ['O'], screens: rows, ...sre_look },
  { id: 'health_refresh', keys: ['V'], screens: rows, ...asks },
  { id: 'health_open', keys: ['enter'], screens: health, ...look },
  { id: 'health_zoom', keys: ['+'], screens: health, ...look },
  { id: 'health_copy', keys: ['y'], screens: rows, ...look },
  { id: 'health_prev', keys: ['shift-tab'], screens: health, ...look },
  { id: 'health_go', keys: ['ctrl-g'], screens: ['healthdeed'], ...asks },
];
