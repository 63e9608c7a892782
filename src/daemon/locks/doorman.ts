import type { App } from '../app-types.ts';

/** Up when it has just answered; otherwise the difference between "never had one" and "lost it". */
export async function doormanState(app: App, is_up: boolean): Promise<'up' | 'down' | 'absent'> {
  if (is_up) return 'up';
  return (await app.locks.health()).state === 'absent' ? 'absent' : 'down';
}
