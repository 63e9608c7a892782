import { looksLikePhone } from '../domain/phone.ts';
import { startNewOwner } from './book.ts';
import { chooseOwner, fail, keepHold, nextKey, release, withDraft } from './book-open.ts';
import { wantReload } from './day.ts';
import type { Draft, Near } from './draft.ts';
import { fieldOf } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import {
  type Effect,
  type Event,
  type Owner,
  type Problem,
  type Slot,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import { serverNow } from './selectors.ts';

/** The booking form: what the server's answers do, and which request is due next. */

const OWNER_BUSY = 'draft:owner';
const BOOK_BUSY = 'draft:book';
const RELEASE_BUSY = 'draft:release';

function busy(state: State, name: string, is_on: boolean): State {
  const next = new Set(state.busy);
  if (is_on) next.add(name);
  else next.delete(name);
  return { ...state, busy: next };
}

/** The answer of a search in Who. */
export function takeOwners(state: State, query: string, owners: readonly Owner[]): State {
  const { draft } = state;
  if (draft === null || draft.owner !== null || draft.who.text.trim() !== query) return state;
  const words = wordsOf(state.session.lang);
  const found = withDraft(state, { matches: owners, match_index: 0, searched: query });
  if (!draft.choose_when_found) return found;
  const [only] = owners;
  if (owners.length === 1 && only !== undefined) {
    return withDraft(chooseOwner(found, only), { focus: draft.focus });
  }
  const waiting = withDraft(found, { choose_when_found: false, focus: 'who' });
  if (owners.length > 0) return waiting;
  const asked = waiting.draft;
  if (asked !== null && looksLikePhone(query)) return startNewOwner(waiting, asked);
  return fail(waiting, 'who', words.who_none);
}

function indexOfWanted(draft: Draft, slots: readonly Slot[]): number {
  const offered = draft.nearest.map((one) =>
    slots.findIndex((slot) => slot.slot_id === one.slot_id),
  );
  const by_offer = offered.find((index) => index >= 0);
  if (by_offer !== undefined) return by_offer;
  const by_id = slots.findIndex((slot) => slot.slot_id === draft.wanted_slot_id);
  if (by_id >= 0) return by_id;
  const { wanted_time } = draft;
  if (wanted_time === null) return 0;
  const at_or_after = slots.findIndex((slot) => slot.time >= wanted_time);
  return at_or_after < 0 ? Math.max(0, slots.length - 1) : at_or_after;
}

/** The free times. A choice that was made before they came is carried out now. */
export function takeSlots(state: State, key: string, all: readonly Slot[]): State {
  const { draft } = state;
  if (draft === null || draft.slots_asked !== key) return state;
  const words = wordsOf(state.session.lang);
  const slots = all.filter((slot) => slot.available);
  const is_same_list = draft.slots_key === key;
  const start = is_same_list || draft.wanted_time !== null ? indexOfWanted(draft, slots) : 0;
  // Arrow presses that came before the list count from its start.
  const moved = is_same_list ? start : start + draft.slot_index;
  const slot_index = Math.max(0, Math.min(slots.length - 1, moved));
  const is_wanted = slots[start]?.slot_id === draft.wanted_slot_id;
  const picks = draft.pick_when_loaded || (is_wanted && draft.slot === null);
  const slot = picks ? (slots[slot_index] ?? null) : draft.slot;
  const next = withDraft(state, {
    slots,
    slots_key: key,
    slot_index,
    slot,
    pick_when_loaded: false,
  });
  const is_lost = draft.pick_when_loaded && slot === null;
  return is_lost ? fail(next, 'slot', words.slots_none) : next;
}

/** What the form must ask the server for now. */
export function pumpDraft(state: State): Step {
  const effects: Effect[] = [];
  let next = state;
  for (const pump of [pumpSearch, pumpSlots, pumpOwner, pumpHold, pumpBooking]) {
    if (next.draft === null || next.draft.result !== null) break;
    const step = pump(next, next.draft);
    next = step.state;
    effects.push(...step.effects);
  }
  return stay(next, ...effects);
}

function pumpSearch(state: State, draft: Draft): Step {
  if (draft.search_due_ms === null || draft.search_due_ms > state.now_ms) return stay(state);
  const query = draft.who.text.trim();
  const next = withDraft(state, { search_due_ms: null });
  if (query === '' || query === draft.searched) return stay(next);
  return stay(next, { type: 'search', query });
}

function pumpSlots(state: State, draft: Draft): Step {
  const { service_id, date, staff_id } = draft;
  if (service_id === null || date === null || state.overlay?.screen !== 'book') return stay(state);
  const key = `${service_id}|${date}|${staff_id ?? ''}`;
  if (key === draft.slots_asked) return stay(state);
  const is_new_list = draft.slots_key !== key;
  const next = withDraft(state, {
    slots_asked: key,
    slots: is_new_list ? [] : draft.slots,
    slot_index: is_new_list ? 0 : draft.slot_index,
  });
  return stay(next, { type: 'list_slots', key, service_id, date, staff_id });
}

function pumpOwner(state: State, draft: Draft): Step {
  const is_due = draft.submitting && draft.owner === null && draft.new_phone !== null;
  if (!is_due || draft.new_phone === null || state.busy.has(OWNER_BUSY)) return stay(state);
  const [next, key] = nextKey(busy(state, OWNER_BUSY, true));
  return stay(next, {
    type: 'create_owner',
    full_name: draft.new_name.text.trim(),
    pet_name: draft.new_pet.text.trim(),
    phone: draft.new_phone,
    key,
  });
}

function holdKey(draft: Draft): string | null {
  if (draft.slot === null || draft.owner === null || draft.pet_id === null) return null;
  return `${draft.slot.slot_id}|${draft.owner.user_id}|${draft.pet_id}`;
}

function pumpHold(state: State, draft: Draft): Step {
  if (state.overlay?.screen !== 'book' || state.busy.has(RELEASE_BUSY)) return stay(state);
  const wanted = holdKey(draft);
  const { hold } = draft;
  const fits = hold !== null && hold.hold_key === wanted;
  if (hold !== null && !fits) {
    // At the same time the owner cannot hold twice: the old one goes first.
    const is_clash = draft.slot === null || draft.slot.starts_at === hold.slot.starts_at;
    if (wanted === null || is_clash) {
      const step = release(withDraft(state, { hold: null, hold_asked: null }), draft);
      return stay(busy(step.state, RELEASE_BUSY, true), ...step.effects);
    }
  }
  if (wanted === null || fits || draft.hold_asked === wanted) return stay(state);
  if (draft.slot === null || draft.owner === null || draft.pet_id === null) return stay(state);
  const [next, key] = nextKey(withDraft(state, { hold_asked: wanted }));
  const { user_id } = draft.owner;
  return stay(next, {
    type: 'hold',
    key,
    hold_key: wanted,
    slot: draft.slot,
    user_id,
    pet_id: draft.pet_id,
  });
}

function pumpBooking(state: State, draft: Draft): Step {
  const { hold, owner, pet_id, slot } = draft;
  const is_ready = draft.submitting && hold !== null && hold.hold_key === holdKey(draft);
  if (!is_ready || owner === null || pet_id === null || slot === null) return stay(state);
  if (draft.hold_only) return stay(keepHold(state, draft));
  if (state.busy.has(BOOK_BUSY)) return stay(state);
  const [next, key] = nextKey(busy(state, BOOK_BUSY, true));
  return stay(next, {
    type: 'book',
    key,
    reservation_id: hold.reservation_id,
    slot,
    user_id: owner.user_id,
    pet_id,
    pay: draft.pay,
    notes: draft.note.text.trim(),
  });
}

function takeHold(state: State, event: Extract<Event, { type: 'held' }>): Step {
  const { draft } = state;
  const mine = new Map(state.mine).set(event.hold.reservation_id, 0);
  const known = wantReload({ ...state, mine });
  const slot = draft?.slot ?? null;
  const is_wanted = draft !== null && slot !== null && draft.hold_asked === event.hold_key;
  if (!is_wanted) {
    // The form was closed or something else chosen meanwhile: nobody wants this hold any more.
    const [next, key] = nextKey(known);
    return stay(next, { type: 'release', reservation_id: event.hold.reservation_id, key });
  }
  const hold = {
    hold_key: event.hold_key,
    reservation_id: event.hold.reservation_id,
    reference_code: event.hold.reference_code,
    expires_at_ms: Temporal.Instant.from(event.hold.expires_at).epochMilliseconds,
    slot,
    extended: false,
  };
  const held = withDraft(known, { hold, error: null });
  return draft.hold === null ? stay(held) : release(held, draft);
}

/** The server's answers that concern the form; null for all others. */
export function takeBookAnswer(state: State, event: Event): Step | null {
  switch (event.type) {
    case 'owner_created':
      return stay(
        withDraft(chooseOwner(busy(state, OWNER_BUSY, false), event.owner), {
          new_name: fieldOf(''),
          new_pet: fieldOf(''),
        }),
      );
    case 'slots':
      return stay(takeSlots(state, event.key, event.slots));
    case 'held':
      return takeHold(state, event);
    case 'extended': {
      const { draft } = state;
      if (draft?.hold?.reservation_id !== event.reservation_id) return stay(state);
      const expires_at_ms = Temporal.Instant.from(event.expires_at).epochMilliseconds;
      const hold = { ...draft.hold, expires_at_ms, extended: true };
      return stay(wantReload(withDraft(state, { hold })));
    }
    case 'released':
      return stay(wantReload(busy(state, RELEASE_BUSY, false)));
    case 'booked': {
      const { draft } = state;
      const mine = new Map(state.mine);
      if (event.booking_id !== null) mine.set(event.booking_id, Number.MAX_SAFE_INTEGER);
      const { reference_code, payment_url, booking_id } = event;
      const go_to = booking_id ?? draft?.hold?.reservation_id ?? null;
      const result = { reference_code, payment_url, go_to };
      const done = withDraft(busy(state, BOOK_BUSY, false), {
        result,
        hold: null,
        submitting: false,
      });
      return stay(wantReload({ ...done, mine }));
    }
    default:
      return null;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** The free times that a refusal names, as far as they can be read. */
function nearestOf({ facts }: Problem): readonly Near[] {
  const named = facts['nearest'];
  if (!Array.isArray(named)) return [];
  return named.flatMap((one: unknown): Near[] => {
    const fields: Readonly<Record<string, unknown>> =
      typeof one === 'object' && one !== null ? { ...one } : {};
    const { slot_id, date, time, staff_name } = fields;
    if (!isText(slot_id) || !isText(date) || !isText(time)) return [];
    return [{ slot_id, date, time, staff_name: isText(staff_name) ? staff_name : null }];
  });
}

function lostSlot(state: State, draft: Draft, problem: Problem): State {
  const words = wordsOf(state.session.lang);
  const is_taken = problem.code === 'slot_taken' || problem.code === 'slot_locked';
  const time = draft.slot?.time ?? draft.hold?.slot.time ?? '';
  const nearest = nearestOf(problem);
  const [first] = nearest;
  // The day moves only when nothing is left on the one that was asked for.
  const moves_day = first !== undefined && !nearest.some((one) => one.date === draft.date);
  const text = is_taken
    ? words.taken(time)
    : `${words.problems[problem.code] ?? problem.code}: ${problem.detail}`;
  const slots = draft.slots.filter((slot) => slot.slot_id !== draft.slot?.slot_id);
  const free = withDraft(state, {
    slot: null,
    hold: null,
    hold_asked: null,
    wanted_slot_id: null,
    wanted_time: time === '' ? draft.wanted_time : time,
    nearest,
    ...(moves_day ? { date: first.date, when: fieldOf('') } : {}),
    // Asks for the list again; it stays on screen meanwhile.
    slots_asked: null,
    slots,
    slot_index: indexOfWanted(
      { ...draft, nearest, wanted_slot_id: null, wanted_time: time },
      slots,
    ),
  });
  return wantReload(fail(free, 'slot', text));
}

/** A request of the form failed: the error stands at its field and nothing that was typed is lost. */
export function bookFailed(state: State, effect: Effect, problem: Problem): State | null {
  const words = wordsOf(state.session.lang);
  const { draft } = state;
  const text = `${words.problems[problem.code] ?? problem.code}: ${problem.detail}`;
  if (effect.type === 'release') return wantReload(busy(state, RELEASE_BUSY, false));
  if (draft === null) return null;
  switch (effect.type) {
    case 'search':
      return fail(state, 'who', text);
    case 'create_owner': {
      const freed = busy(state, OWNER_BUSY, false);
      if (problem.code !== 'conflict') return fail(freed, 'new_name', text);
      // Somebody else wrote this caller down meanwhile: look them up.
      const again = withDraft(freed, {
        searched: null,
        search_due_ms: state.now_ms,
        new_phone: null,
      });
      return fail(again, 'who', text);
    }
    case 'list_slots':
      return draft.slots_asked === effect.key ? fail(state, 'slot', text) : state;
    case 'hold':
      if (draft.hold_asked !== effect.hold_key) return state;
      return problem.code === 'unavailable' || problem.code === 'internal'
        ? fail(state, 'slot', text)
        : lostSlot(state, draft, problem);
    case 'extend':
      return say(state, 'error', text);
    case 'book': {
      const freed = busy(state, BOOK_BUSY, false);
      if (problem.code === 'payment_failed' || problem.code === 'payment_method_unsupported') {
        return fail(freed, 'pay', text);
      }
      const is_lost = ['slot_taken', 'slot_locked', 'invalid_slot', 'not_found'].includes(
        problem.code,
      );
      if (is_lost) return lostSlot(freed, draft, problem);
      if (problem.code !== 'reservation_expired') return fail(freed, draft.focus, text);
      const over = withDraft(freed, { hold: null, hold_asked: null, slot: null });
      return fail(over, 'slot', words.book_hold_over);
    }
    default:
      return null;
  }
}

/** True when the hold of the form has run out by the server's clock. */
export function isHoldOver(state: State): boolean {
  const hold = state.draft?.hold ?? null;
  return hold !== null && hold.expires_at_ms <= serverNow(state);
}
