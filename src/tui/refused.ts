import { wordsOf } from './i18n/text.ts';
import { type ActionId, bindings, refusal } from './keys.ts';
import type { State } from './model.ts';
import { clockText } from './selectors.ts';

/** Which keys are refused, and what is said about it. */

/** Why the session may not do this now; null when it may. The server enforces the same table. */
export function actionRefusal(state: State, id: ActionId): string | null {
  const words = wordsOf(state.session.lang);
  const binding = bindings.find((row) => row.id === id);
  if (binding === undefined) return null;
  const reason = refusal(binding, state.session);
  if (reason === 'read_only') return words.refused_read_only;
  if (reason === 'role') return words.refused_role(state.session.role);
  if (binding.mutates && state.link.status === 'offline') {
    return words.refused_offline(clockText(state, state.link.since_ms + state.offset_ms, 'second'));
  }
  return null;
}
