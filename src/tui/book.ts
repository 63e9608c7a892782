import { AppError } from '../domain/errors.ts';
import { looksLikePhone, toE164 } from '../domain/phone.ts';
import { parseWhen } from '../domain/when.ts';
import { chooseOwner, closeBook, fail, filled, nextKey, release, withDraft } from './book-open.ts';
import { type BookField, type Draft, pay_choices, visibleFields } from './draft.ts';
import { edit, insert } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type Field, type State, type Step, say, stay } from './model.ts';
import { instantOf, serverNow, timeZone } from './selectors.ts';

/** The booking form: what its keys do. What the server answers stands in book-answers.ts. */

/** A search starts when nobody has typed for this long. */
const SEARCH_AFTER_MS = 150;
const SEARCH_LETTERS_MIN = 2;

function step(state: State, draft: Draft, by: 1 | -1): State {
  const fields = visibleFields(draft);
  const index = Math.max(0, fields.indexOf(draft.focus));
  const to = fields[(index + by + fields.length) % fields.length] ?? 'who';
  return withDraft(state, { focus: to });
}

function readWhen(state: State, draft: Draft): State {
  const words = wordsOf(state.session.lang);
  const text = draft.when.text.trim();
  if (text === '') return withDraft(state, { error: null });
  try {
    const now = instantOf(serverNow(state));
    const when = parseWhen(text, { now, time_zone: timeZone(state) });
    const wanted_time = when.time ?? draft.wanted_time;
    const is_moved = when.date !== draft.date || when.time !== null;
    return withDraft(state, {
      date: when.date,
      wanted_time: is_moved ? when.time : wanted_time,
      wanted_slot_id: is_moved ? null : draft.wanted_slot_id,
      slot: is_moved ? null : draft.slot,
      error: null,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const said = state.session.lang === 'en' ? error.detail : words.when_hint;
    return fail(state, 'when', said);
  }
}

/** Leaves a field: what was typed in it is read now, so that an error stands where it was made. */
function leave(state: State, by: 1 | -1): State {
  const { draft } = state;
  if (draft === null) return state;
  if (draft.focus === 'who' && by === 1) return acceptWho(state);
  if (draft.focus !== 'when') return step(state, draft, by);
  const read = readWhen(state, draft);
  if (read.draft === null || read.draft.error !== null) return read;
  return step(read, read.draft, by);
}

/** Begins a new owner under the phone number that was typed. */
export function startNewOwner(state: State, draft: Draft): State {
  const words = wordsOf(state.session.lang);
  const currency = state.day?.clinic.currency ?? state.clinic?.currency ?? '';
  const phone = toE164(draft.who.text, currency);
  if (phone === null) return fail(state, 'who', words.who_country);
  return withDraft(state, {
    new_phone: phone,
    focus: 'new_name',
    pet_id: null,
    choose_when_found: false,
    error: null,
  });
}

/** Enter in Who: takes the marked match, or waits for the answer, or begins a new owner. */
export function acceptWho(state: State): State {
  const { draft } = state;
  if (draft === null) return state;
  const words = wordsOf(state.session.lang);
  const query = draft.who.text.trim();
  if (draft.owner !== null || query === '') return step(state, draft, 1);
  if (draft.searched !== query) {
    // The focus goes on at once, so that keys typed ahead land where they were meant to.
    return withDraft(state, {
      choose_when_found: true,
      search_due_ms: state.now_ms,
      focus: 'pet',
    });
  }
  const match = draft.matches[draft.match_index];
  if (match !== undefined) {
    const chosen = chooseOwner(state, match);
    return withDraft(chosen, { focus: draft.focus === 'who' ? 'pet' : draft.focus });
  }
  if (looksLikePhone(query)) return startNewOwner(state, draft);
  return fail(state, 'who', words.who_none);
}

function typeWho(state: State, draft: Draft, field: Field): State {
  if (field.text === draft.who.text) return withDraft(state, { who: field });
  const is_long = field.text.trim().length >= SEARCH_LETTERS_MIN;
  return withDraft(state, {
    who: field,
    owner: null,
    new_phone: null,
    pet_id: draft.owner === null ? draft.pet_id : null,
    slot: draft.slot,
    match_index: 0,
    matches: is_long ? draft.matches : [],
    search_due_ms: is_long ? state.now_ms + SEARCH_AFTER_MS : null,
    choose_when_found: false,
    error: null,
  });
}

/** Next choice by arrow, or the first whose name begins with the letter. */
function chosen<T>(
  items: readonly T[],
  index: number,
  key: string,
  name: (item: T) => string,
): number | null {
  if (items.length === 0) return null;
  if (key === 'down' || key === 'right') return (index + 1) % items.length;
  if (key === 'up' || key === 'left') return (index - 1 + items.length) % items.length;
  if (key.length !== 1) return null;
  const letter = key.normalize('NFKC').toLowerCase();
  const found = items.findIndex((item) => name(item).toLowerCase().startsWith(letter));
  return found < 0 ? null : found;
}

function choose(state: State, draft: Draft, key: string): State {
  if (draft.focus === 'pet') {
    const pets = draft.owner?.pets ?? [];
    const index = pets.findIndex((pet) => pet.pet_id === draft.pet_id);
    const to = chosen(pets, index, key, (pet) => pet.name);
    return to === null
      ? state
      : withDraft(state, { pet_id: pets[to]?.pet_id ?? null, error: null });
  }
  const other_list = { slot: null, wanted_slot_id: null, error: null };
  if (draft.focus === 'service') {
    const services = state.clinic?.services ?? [];
    const index = services.findIndex((service) => service.service_id === draft.service_id);
    const to = chosen(services, index, key, (service) => service.name);
    const service_id = to === null ? null : (services[to]?.service_id ?? null);
    return to === null ? state : withDraft(state, { service_id, ...other_list });
  }
  if (draft.focus === 'vet') {
    const staff = [{ staff_id: null, name: '' }, ...(state.clinic?.staff ?? [])];
    const index = staff.findIndex((vet) => vet.staff_id === draft.staff_id);
    const to = chosen(staff, index, key, (vet) => vet.name);
    const staff_id = to === null ? null : (staff[to]?.staff_id ?? null);
    return to === null ? state : withDraft(state, { staff_id, ...other_list });
  }
  if (draft.focus === 'pay') {
    const to = chosen(pay_choices, pay_choices.indexOf(draft.pay), key, (pay) => pay);
    return to === null ? state : withDraft(state, { pay: pay_choices[to] ?? 'link', error: null });
  }
  return state;
}

function moveInSlots(state: State, draft: Draft, key: string): State {
  const by = { down: 1, right: 1, up: -1, left: -1 }[key];
  if (by === undefined) return state;
  const is_loading = draft.slots_key !== draft.slots_asked;
  const last = is_loading ? Number.MAX_SAFE_INTEGER : draft.slots.length - 1;
  const slot_index = Math.max(0, Math.min(last, draft.slot_index + by));
  return withDraft(state, { slot_index });
}

/** Enter on a time: this one. While the list is on its way the choice waits for it. */
function pickSlot(state: State, draft: Draft): State {
  const words = wordsOf(state.session.lang);
  if (draft.slots_key !== draft.slots_asked || draft.slots_asked === null) {
    return step(withDraft(state, { pick_when_loaded: true }), draft, 1);
  }
  const slot = draft.slots[draft.slot_index];
  if (slot === undefined) return fail(state, 'slot', words.slots_none);
  const is_over = draft.hold !== null && draft.hold.expires_at_ms <= serverNow(state);
  const again = is_over || draft.hold === null ? { hold: null, hold_asked: null } : {};
  return step(withDraft(state, { slot, error: null, ...again }), { ...draft, slot }, 1);
}

/** Ctrl-G: checks what is missing, then the steps run one after the other (book-answers.ts). */
export function submit(state: State): State {
  const { draft } = state;
  if (draft === null || draft.submitting || draft.result !== null) return state;
  const words = wordsOf(state.session.lang);
  const read = draft.focus === 'when' ? readWhen(state, draft) : state;
  const now = read.draft;
  if (now === null || now.error?.field === 'when') return read;
  const need = (field: BookField) => fail(read, field, words.need(words.fields[field]));
  const is_new = now.owner === null && now.new_phone !== null;
  if (now.owner === null && !is_new) return need('who');
  if (is_new && now.new_name.text.trim() === '') return need('new_name');
  if (is_new && now.new_pet.text.trim() === '') return need('new_pet');
  if (!is_new && now.pet_id === null) return need('pet');
  if (now.service_id === null) return need('service');
  if (now.slot === null && !now.pick_when_loaded) return need('slot');
  const is_over = now.hold !== null && now.hold.expires_at_ms <= serverNow(read);
  const again = is_over || now.hold === null ? { hold: null, hold_asked: null } : {};
  return withDraft(read, { submitting: true, error: null, ...again });
}

function extend(state: State, draft: Draft): Step {
  const words = wordsOf(state.session.lang);
  if (draft.hold === null) return stay(state);
  if (draft.hold.extended) return stay(say(state, 'info', words.book_extended));
  const [next, key] = nextKey(state);
  return stay(next, { type: 'extend', reservation_id: draft.hold.reservation_id, key });
}

function typeText(state: State, draft: Draft, key: string): State {
  const { focus } = draft;
  if (focus === 'who') {
    if (draft.matches.length > 0 && draft.owner === null && (key === 'up' || key === 'down')) {
      const by = key === 'down' ? 1 : -1;
      const match_index = Math.max(0, Math.min(draft.matches.length - 1, draft.match_index + by));
      return withDraft(state, { match_index });
    }
    const field = edit(draft.who, key);
    return field === null ? state : typeWho(state, draft, field);
  }
  if (focus !== 'new_name' && focus !== 'new_pet' && focus !== 'when' && focus !== 'note') {
    return state;
  }
  const field = edit(draft[focus], key);
  return field === null ? state : withDraft(state, { [focus]: field, error: null });
}

function enter(state: State, draft: Draft): State {
  if (draft.focus === 'who') return acceptWho(state);
  if (draft.focus === 'slot') return pickSlot(state, draft);
  if (draft.focus === 'note') {
    return say(state, 'info', wordsOf(state.session.lang).book_keys);
  }
  return leave(state, 1);
}

function afterResult(state: State, draft: Draft, key: string): Step {
  if (key === 'enter' || key === 'esc') return closeBook(state);
  if (key.normalize('NFKC') !== 'y' || draft.result === null) return stay(state);
  return stay(state, {
    type: 'copy',
    text: draft.result.payment_url ?? draft.result.reference_code,
  });
}

/** One key in the form. */
export function bookKey(state: State, key: string): Step {
  const { draft } = state;
  if (draft === null) return stay({ ...state, overlay: null });
  if (draft.result !== null) return afterResult(state, draft, key);
  if (key === 'esc') return closeBook(state);
  if (draft.submitting) return stay(state);
  switch (key) {
    case 'tab':
      return stay(leave(state, 1));
    case 'shift-tab':
      return stay(leave(state, -1));
    case 'ctrl-g':
      return stay(submit(state));
    case 'ctrl-t':
      return extend(state, draft);
    case 'ctrl-n': {
      const cleared = { ...state, draft: filled(state, {}), message: null };
      return release(cleared, draft);
    }
    case 'enter':
      return stay(enter(state, draft));
    default:
      if (draft.focus === 'slot') return stay(moveInSlots(state, draft, key));
      if (['pet', 'service', 'vet', 'pay'].includes(draft.focus)) {
        return stay(choose(state, draft, key));
      }
      return stay(typeText(state, draft, key));
  }
}

/** Pasted text goes into the field as one line; it can never press a key. */
export function bookPaste(state: State, text: string): State {
  const { draft } = state;
  if (draft === null || draft.submitting || draft.result !== null) return state;
  const { focus } = draft;
  if (focus === 'who') return typeWho(state, draft, insert(draft.who, text.trim()));
  if (focus === 'new_name' || focus === 'new_pet' || focus === 'when' || focus === 'note') {
    return withDraft(state, { [focus]: insert(draft[focus], text.trim()), error: null });
  }
  return state;
}
