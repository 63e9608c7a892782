import { changeDay, keepCursor, wantReload } from './day.ts';
import { type BookField, type Draft, emptyDraft, hasContent } from './draft.ts';
import { fieldOf } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type Owner, type State, type Step, say, stay } from './model.ts';
import type { BoardRow } from './rows.ts';
import { clockText, today } from './selectors.ts';

/** The booking form: how it opens, what it is filled with, how it closes. Its keys stand in book.ts. */

export type Prefill = {
  readonly owner?: Owner | null;
  readonly row?: BoardRow | null;
  readonly text?: string;
  readonly hold_only?: boolean;
};

/** Changes the draft; nothing when there is none. */
export function withDraft(state: State, change: Partial<Draft>): State {
  return state.draft === null ? state : { ...state, draft: { ...state.draft, ...change } };
}

/** Puts an error at its field and the focus with it. */
export function fail(state: State, field: BookField, text: string): State {
  return withDraft(state, { error: { field, text }, focus: field, submitting: false });
}

/** A key for the next mutation; unique by the session's nonce. */
export function nextKey(state: State): readonly [State, string] {
  return [{ ...state, counter: state.counter + 1 }, `${state.session.nonce}-${state.counter}`];
}

/** Makes a person the form's owner, with the pet and service that they probably come for. */
export function chooseOwner(state: State, owner: Owner): State {
  const { draft } = state;
  if (draft === null) return state;
  const [pet] = owner.pets;
  const known = knownService(state, owner);
  return withDraft(state, {
    owner,
    who: fieldOf(owner.phone ?? owner.full_name),
    matches: [],
    searched: null,
    search_due_ms: null,
    choose_when_found: false,
    new_phone: null,
    pet_id: pet?.pet_id ?? null,
    // A time that was chosen on the board fixes the service; else people mostly come for the same again.
    service_id: draft.wanted_time === null ? (known ?? draft.service_id) : draft.service_id,
    error: null,
  });
}

function knownService(state: State, owner: Owner): string | null {
  const id = owner.last_service_id;
  const is_sold = state.clinic?.services.some((service) => service.service_id === id) ?? false;
  return is_sold ? id : null;
}

/** A new form for what the cursor stands on: its time and vet, the shown day, the first service. */
export function filled(state: State, prefill: Prefill): Draft {
  const now_here = today(state);
  const shown = state.day?.date ?? now_here;
  const slots = prefill.row?.kind === 'open' ? prefill.row.group : [];
  const [slot] = slots;
  const is_one = slots.length === 1;
  const base: Draft = {
    ...emptyDraft(),
    hold_only: prefill.hold_only === true,
    who: fieldOf(prefill.text ?? ''),
    search_due_ms: prefill.text === undefined ? null : state.now_ms,
    date: shown >= now_here ? shown : now_here,
    service_id: slot?.service_id ?? state.clinic?.services[0]?.service_id ?? null,
    staff_id: is_one ? (slot?.staff_id ?? null) : null,
    wanted_slot_id: is_one ? (slot?.slot_id ?? null) : null,
    wanted_time: slot?.time ?? null,
  };
  return base;
}

/** Opens the form: the kept draft, unless the caller wants something else in it. */
export function openBook(state: State, prefill: Prefill = {}): Step {
  const words = wordsOf(state.session.lang);
  const is_kept = hasContent(state.draft) && !prefill.owner && prefill.text === undefined;
  const opened: State = { ...state, overlay: { screen: 'book' } };
  const load = state.clinic === null ? ([{ type: 'load_clinic' }] as const) : [];
  if (is_kept && state.draft !== null) {
    const wanted = filled(state, prefill);
    const other_slot =
      wanted.wanted_time === null
        ? {}
        : {
            date: wanted.date,
            when: fieldOf(''),
            service_id: wanted.service_id,
            staff_id: wanted.staff_id,
            wanted_slot_id: wanted.wanted_slot_id,
            wanted_time: wanted.wanted_time,
            slot: null,
            slots_asked: null,
          };
    const hold_only = prefill.hold_only === true;
    const kept = withDraft(opened, { ...other_slot, hold_only });
    return stay(say(kept, 'info', words.draft_back), ...load);
  }
  const fresh: State = { ...opened, draft: filled(state, prefill) };
  const owned = prefill.owner ? chooseOwner(fresh, prefill.owner) : fresh;
  const focus = prefill.owner ? 'pet' : 'who';
  return stay(withDraft(owned, { focus }), ...load);
}

/** Closes the form. The hold goes back at once; what was typed stays for the next `b`. */
export function closeBook(state: State): Step {
  const words = wordsOf(state.session.lang);
  const { draft } = state;
  const closed: State = { ...state, overlay: null };
  if (draft === null) return stay(closed);
  if (draft.result !== null) return stay(showBooked({ ...closed, draft: null }, draft));
  const kept = { ...draft, hold: null, hold_asked: null, submitting: false, search_due_ms: null };
  const is_kept = hasContent(draft);
  const next = is_kept
    ? say({ ...closed, draft: kept }, 'info', words.draft_kept)
    : { ...closed, draft: null };
  return release(next, draft);
}

/** The hold stays, the form goes: somebody will pay or call back. */
export function keepHold(state: State, draft: Draft): State {
  const words = wordsOf(state.session.lang).desk;
  const { hold, owner, pet_id } = draft;
  if (hold === null) return state;
  const pet = owner?.pets.find((one) => one.pet_id === pet_id)?.name;
  const until = clockText(state, hold.expires_at_ms, 'minute');
  const result = { reference_code: '', payment_url: null, go_to: hold.reservation_id };
  const closed = { ...state, overlay: null, draft: null };
  const shown = showBooked(closed, { ...draft, result });
  return say(shown, 'ok', words.held(pet ?? owner?.full_name ?? '', until));
}

/** Back on the board, the cursor stands on what was booked, on whichever day that is. */
function showBooked(state: State, draft: Draft): State {
  const go_to = draft.result?.go_to ?? null;
  const { date } = draft;
  if (date !== null && date !== state.day?.date) {
    // Null follows the clinic's day over midnight.
    return changeDay(state, date === today(state) ? null : date, go_to);
  }
  return keepCursor(wantReload({ ...state, go_to, filter: '' }), state.board);
}

/** Gives the draft's hold back to everybody. */
export function release(state: State, draft: Draft): Step {
  if (draft.hold === null) return stay(state);
  const [next, key] = nextKey(state);
  return stay(next, { type: 'release', reservation_id: draft.hold.reservation_id, key });
}
