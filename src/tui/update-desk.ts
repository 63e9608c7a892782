import { bulkFailed, takeStepped } from './bulk.ts';
import { journalFailed, takeJournal } from './journal.ts';
import { type Effect, type Event, type Problem, type State, type Step, stay } from './model.ts';
import { switchFailed } from './switch-user.ts';

/** Answers and failures of acts on many rows, of the journal and of a change of user. */

/** Takes an answer in; null when it is none of these. */
export function takeDeskAnswer(state: State, event: Event): Step | null {
  switch (event.type) {
    case 'bulk_stepped':
      return takeStepped(state, event);
    case 'journal_loaded':
      return stay(takeJournal(state, event));
    default:
      return null;
  }
}

/** A request failed; null when it was none of these. */
export function deskFailed(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  switch (effect.type) {
    case 'bulk_step':
      return bulkFailed(state, effect, problem, text);
    case 'load_journal':
      return stay(journalFailed(state, problem, text));
    case 'switch_user':
      return stay(switchFailed(state, problem, text));
    default:
      return null;
  }
}
