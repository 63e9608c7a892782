import { nextKey } from './book-open.ts';
import { dialogKey, nextFocus, scrolledTop } from './dialog-keys.ts';
import { edit, insert } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { dropLocks, resyncLocks } from './locks.ts';
import { type Field, type Problem, type State, type Step, say, stay } from './model.ts';
import type {
  CleanupBox,
  LockDetail,
  LockItem,
  LockPlan,
  LockRelease,
  LockTarget,
  ReleaseBox,
  ReleaseFocus,
} from './model-ops.ts';
import { actionRefusal } from './refused.ts';
import { releaseWord, slotName } from './selectors-ops.ts';

/**
 * Force-release and the frozen plan. Severe: the focus starts on keeping, a word that names what is hit has to be
 * typed, and only Ctrl-G does it. ux §2, danger tiers.
 */

type SevereBox = ReleaseBox | CleanupBox;

type Shared = Partial<Pick<ReleaseBox, 'reason' | 'typed' | 'is_busy'>>;

function put(state: State, box: SevereBox, change: Shared): State {
  return { ...state, overlay: { ...box, ...change } };
}

function putRelease(state: State, box: ReleaseBox, change: Partial<ReleaseBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

function putCleanup(state: State, box: CleanupBox, change: Partial<CleanupBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

/** True when the hold of the lock is still pending: releasing means ending it. */
export function hasHold(lock: Pick<LockItem, 'reservation_status'>): boolean {
  return lock.reservation_status === 'pending';
}

/** What has to be typed; null while that is not known. */
export function wantedWord(box: SevereBox): string | null {
  if (box.screen === 'release') return releaseWord(box.lock);
  return box.plan === null ? null : String(planned(box.plan));
}

export function planned(plan: LockPlan): number {
  return plan.items.filter(({ outcome }) => outcome === 'planned').length;
}

function focusesOf(box: SevereBox): readonly ReleaseFocus[] {
  const has_hold = box.screen === 'release' && hasHold(box.lock);
  return has_hold ? ['keep', 'hold', 'reason', 'typed'] : ['keep', 'reason', 'typed'];
}

function moveFocus(state: State, box: SevereBox, by: 1 | -1): State {
  const focus = nextFocus(focusesOf(box), box.focus, by);
  if (box.screen === 'release') return putRelease(state, box, { focus });
  return focus === 'hold' ? state : putCleanup(state, box, { focus });
}

/** Why Ctrl-G does nothing yet; null when everything is there. */
function missing(state: State, box: SevereBox): string | null {
  const words = wordsOf(state.session.lang).ops;
  const word = wantedWord(box);
  if (box.screen === 'release' && box.refused !== null) return words.server_refuses;
  const is_asked = box.screen === 'release' ? box.check !== null : box.plan !== null;
  if (!is_asked || word === null) return words.still_checking;
  if (box.reason.text.trim() === '') return words.need_reason;
  return box.typed.text.normalize('NFKC').trim() === word ? null : words.need_word(word);
}

function carryOut(state: State, box: SevereBox): Step {
  const refused = actionRefusal(state, 'lock_free') ?? missing(state, box);
  if (refused !== null) return stay(say(state, 'warn', refused));
  const [counted, key] = nextKey(state);
  const next = put(counted, box, { is_busy: true });
  const reason = box.reason.text.trim();
  if (box.screen === 'release') {
    const { lock, with_hold } = box;
    return stay(next, { type: 'free_lock', lock, with_hold, reason, key });
  }
  if (box.plan === null) return stay(state);
  return stay(next, { type: 'run_plan', plan: box.plan, targets: box.targets, reason, key });
}

/** The hold goes too, or not: the server is asked anew what it would do. */
function toggleHold(state: State, box: ReleaseBox): Step {
  const with_hold = !box.with_hold;
  const { lock } = box;
  const next = putRelease(state, box, { with_hold, check: null, refused: null });
  return stay(next, { type: 'check_release', lock, with_hold });
}

function typeInto(state: State, box: SevereBox, key: string): State {
  if (box.focus !== 'reason' && box.focus !== 'typed') return state;
  const field = edit(box[box.focus], key);
  return field === null ? state : put(state, box, { [box.focus]: field });
}

function closed(state: State): State {
  return resyncLocks({ ...state, overlay: null });
}

/** One key in the dialogs. Enter on the first choice and Esc keep the lock; Enter never releases anything. */
export function severeKey(state: State, box: SevereBox, key: string): Step {
  return dialogKey(state, box, key, {
    close: () => closed(state),
    carry_out: () => carryOut(state, box),
    move: (by) => moveFocus(state, box, by),
    type: (typed) =>
      typed === ' ' && box.screen === 'release' && box.focus === 'hold'
        ? toggleHold(state, box)
        : stay(typeInto(state, box, typed)),
    result:
      box.screen === 'cleanup' && box.result !== null
        ? (pressed) => resultKey(state, box, pressed)
        : null,
  });
}

function resultKey(state: State, box: CleanupBox, key: string): State {
  if (key === 'enter') return closed(state);
  return putCleanup(state, box, { top: scrolledTop(box.top, key, box.result?.items.length ?? 0) });
}

/** Pasted text goes into the field, and nowhere when the focus is on a choice. */
export function severePaste(state: State, box: SevereBox, text: string): State {
  if (box.is_busy || (box.focus !== 'reason' && box.focus !== 'typed')) return state;
  const field: Field = insert(box[box.focus], text.trim());
  return put(state, box, { [box.focus]: field });
}

/** What the server's rehearsal said. */
export function takeChecked(state: State, with_hold: boolean, check: LockRelease): State {
  const box = state.overlay;
  if (box?.screen !== 'release' || box.lock.key !== check.key || box.with_hold !== with_hold) {
    return state;
  }
  return putRelease(state, box, { check, refused: null });
}

/** The lock is gone: the board shows it at once, and says what was there. */
export function takeFreed(state: State, lock: LockTarget, done: LockRelease): State {
  const words = wordsOf(state.session.lang).ops;
  const name = slotName(lock);
  const text = done.cancelled_reservation
    ? words.freed_with_hold(name)
    : words.freed(name, words.classes[lock.class]);
  return say(closed(dropLocks(state, new Set([lock.key]))), 'ok', text);
}

/** The lock was not what was painted: nothing happened, and this is what it is now. */
export function takeChanged(state: State, was: LockItem, now: LockDetail): State {
  const words = wordsOf(state.session.lang).ops;
  const is_other = was.token !== now.token;
  const what = words.classes[now.class];
  return say(closed(state), 'warn', words.lock_changed(slotName(was), what, is_other));
}

/** The frozen plan has come; its keys count from now on, for only now it can be read. */
export function takePlanned(state: State, plan: LockPlan, guard_ms: number): State {
  const box = state.overlay;
  if (box?.screen !== 'cleanup' || box.plan !== null) return state;
  const guarded = putCleanup(state, box, { plan, guard_until_ms: state.now_ms + guard_ms });
  if (planned(plan) > 0) return guarded;
  const words = wordsOf(state.session.lang).ops;
  // Without anything to do, a marked lock that would be kept still deserves its reason.
  if (plan.items.length > 0) return guarded;
  return say({ ...guarded, overlay: null }, 'info', words.nothing_leaked);
}

/** What the plan came to; what was kept stays on screen with its reason. */
export function takeCleaned(state: State, result: LockPlan): State {
  const words = wordsOf(state.session.lang).ops;
  const freed = result.items.filter(({ outcome }) => outcome === 'released').map(({ key }) => key);
  const next = dropLocks(state, new Set(freed));
  const tone = result.kept > 0 ? 'warn' : 'ok';
  const said = say(next, tone, words.cleaned(result.released, result.kept));
  const box = said.overlay;
  if (box?.screen !== 'cleanup' || result.kept === 0) return closed(said);
  // What was kept comes first: it is what somebody has to look at.
  const rank = (item: LockPlan['items'][number]) => (item.outcome === 'kept' ? 0 : 1);
  const items = result.items.toSorted((a, b) => rank(a) - rank(b));
  return putCleanup(said, box, { result: { ...result, items }, is_busy: false, top: 0 });
}

/** A request of a dialog failed. Null when it was none of theirs. */
export function severeFailed(
  state: State,
  effect: { readonly type: string; readonly lock?: unknown },
  problem: Problem,
  text: string,
): Step | null {
  const box = state.overlay;
  switch (effect.type) {
    case 'check_release':
    case 'free_lock': {
      if (box?.screen !== 'release') return stay(say(state, 'error', text));
      if (problem.code === 'conflict') {
        return stay(put(state, box, { is_busy: true }), { type: 'look_again', lock: box.lock });
      }
      if (problem.code === 'not_found') return stay(say(closed(state), 'warn', text));
      if (effect.type === 'check_release') {
        // The reason itself: what kind of refusal it is says the dialog.
        const refused = problem.code === 'policy_refused' ? problem.detail : text;
        return stay(putRelease(state, box, { refused, check: null }));
      }
      return stay(say(put(state, box, { is_busy: false }), 'error', text));
    }
    case 'look_again':
      return stay(say(closed(state), 'warn', text));
    case 'plan_locks':
      return stay(say(closed(state), 'error', text));
    case 'run_plan':
      if (box?.screen !== 'cleanup') return stay(say(state, 'error', text));
      // A plan is taken once: whatever failed, a new look makes a new one.
      return stay(say(closed(state), 'error', text));
    default:
      return null;
  }
}
