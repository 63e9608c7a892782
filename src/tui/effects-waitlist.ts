import type { ApiClient } from '../domain/client.ts';
import type { WaitlistEffect, WaitlistResult } from './model-waitlist.ts';

/** Carries out what the waiting list asks for. Nothing here decides anything. */

const CALL_MS = 8_000;
/** More than a screen shows; who comes later is served later. */
const ENTRIES_MAX = 100;

export async function askWaitlist(
  { client, clinic_id }: { readonly client: ApiClient; readonly clinic_id: string },
  effect: WaitlistEffect,
): Promise<WaitlistResult> {
  if (effect.type === 'load_waitlist') {
    const wish = { clinic_id, limit: ENTRIES_MAX };
    const { items } = await client.call('list_waitlist', wish, { timeout_ms: CALL_MS });
    return { type: 'waitlist_loaded', items };
  }
  const { verb, entry_id, name, key } = effect;
  const options = { idempotency_key: key, timeout_ms: CALL_MS };
  const done = { type: 'waitlist_done', verb, name } as const;
  switch (verb) {
    case 'offer': {
      const { offer } = await client.call('offer_waitlist_slot', { entry_id }, options);
      return { ...done, reference_code: offer?.reference_code ?? null };
    }
    case 'accept': {
      const wish = { entry_id, payment_method: 'at_clinic' } as const;
      const { reference_code } = await client.call('accept_offer', wish, options);
      return { ...done, reference_code };
    }
    case 'drop':
      await client.call('leave_waitlist', { entry_id }, options);
      return { ...done, reference_code: null };
  }
}
