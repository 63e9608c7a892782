import type { ApiClient } from '../domain/client.ts';
import type { Effect } from './model.ts';
import type { DeskEffect, DeskResult } from './model-desk.ts';
import { moveOf } from './model-desk.ts';

/** Carries out acts on many rows, and reads the journal. Nothing here decides anything. */

const CALL_MS = 8_000;

/** Who sits down next: a name that the command line knows, or a token. */
export type UserChoice = { readonly name: string | null; readonly token: string | null };

export type DeskOutside = {
  readonly client: ApiClient;
  /** Begins anew as somebody else; rejects when they are not let in. */
  readonly switch_user: (choice: UserChoice) => Promise<void>;
};

const desk_types: Readonly<Record<DeskEffect['type'], true>> = {
  bulk_step: true,
  load_journal: true,
  switch_user: true,
};

/** True when the effect belongs to this part. */
export function isDeskEffect(effect: Effect): effect is DeskEffect {
  return Object.hasOwn(desk_types, effect.type);
}

/** Carries out one effect of this part. */
export async function askDesk(
  { client, switch_user }: DeskOutside,
  effect: DeskEffect,
): Promise<DeskResult | null> {
  switch (effect.type) {
    case 'bulk_step': {
      const { booking_id, verb, expected_version, key } = effect;
      const options = { idempotency_key: key, timeout_ms: CALL_MS };
      const status = moveOf(verb);
      if (status === null) {
        await client.call('resend_booking', { booking_id }, options);
        return { type: 'bulk_stepped', booking_id, booking: null };
      }
      const wish = { booking_id, status, expected_version };
      const booking = await client.call('set_booking_status', wish, options);
      return { type: 'bulk_stepped', booking_id, booking };
    }
    case 'load_journal': {
      const { items } = await client.call('list_undoable', {}, { timeout_ms: CALL_MS });
      return { type: 'journal_loaded', items };
    }
    case 'switch_user':
      await switch_user({ name: effect.name, token: effect.token });
      return null;
  }
}
