import type { Field, Owner, Slot } from './model.ts';

/** The booking form's state. It outlives the form: Esc keeps it, a booking or Ctrl-N ends it. */

export const book_fields = [
  'who',
  'new_name',
  'new_pet',
  'pet',
  'service',
  'when',
  'vet',
  'slot',
  'pay',
  'note',
] as const;
export type BookField = (typeof book_fields)[number];

export const pay_choices = ['link', 'at_clinic', 'cash'] as const;
export type PayChoice = (typeof pay_choices)[number];

/** A free time as a refusal names it. */
export type Near = {
  readonly slot_id: string;
  readonly date: string;
  readonly time: string;
  readonly staff_name: string | null;
};

export type DraftHold = {
  readonly hold_key: string;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly expires_at_ms: number;
  readonly slot: Slot;
  readonly extended: boolean;
};

export type Draft = {
  readonly focus: BookField;
  readonly who: Field;
  readonly matches: readonly Owner[];
  readonly match_index: number;
  /** The text that `matches` answers; null before the first answer. */
  readonly searched: string | null;
  readonly search_due_ms: number | null;
  /** Enter was pressed before the answer came: take the only match when it does. */
  readonly choose_when_found: boolean;
  readonly owner: Owner | null;
  /** E.164 of an unknown caller; the new_* fields show while it is set and `owner` is not. */
  readonly new_phone: string | null;
  readonly new_name: Field;
  readonly new_pet: Field;
  readonly pet_id: string | null;
  readonly service_id: string | null;
  readonly when: Field;
  readonly date: string | null;
  readonly staff_id: string | null;
  readonly slots: readonly Slot[];
  readonly slot_index: number;
  /** service|date|staff that `slots` answers, and the one that is asked for. */
  readonly slots_key: string | null;
  readonly slots_asked: string | null;
  /** Free times that the server named when it refused one; the first of them is marked. */
  readonly nearest: readonly Near[];
  readonly pick_when_loaded: boolean;
  /** A time that was chosen on the board; picked as soon as the list has it. */
  readonly wanted_slot_id: string | null;
  readonly wanted_time: string | null;
  readonly slot: Slot | null;
  readonly hold: DraftHold | null;
  readonly hold_asked: string | null;
  readonly pay: PayChoice;
  readonly note: Field;
  readonly error: { readonly field: BookField; readonly text: string } | null;
  /** Ctrl-G was pressed; the steps that are missing run one after the other. */
  readonly submitting: boolean;
  /** Only a hold is wanted: Ctrl-G keeps it and closes the form. */
  readonly hold_only: boolean;
  readonly result: {
    readonly reference_code: string;
    readonly payment_url: string | null;
    /** The booking, or the hold that waits for its payment: the cursor goes there. */
    readonly go_to: string | null;
  } | null;
};

const empty: Field = { text: '', at: 0 };

/** A form with nothing in it. */
export function emptyDraft(): Draft {
  return {
    focus: 'who',
    who: empty,
    matches: [],
    match_index: 0,
    searched: null,
    search_due_ms: null,
    choose_when_found: false,
    owner: null,
    new_phone: null,
    new_name: empty,
    new_pet: empty,
    pet_id: null,
    service_id: null,
    when: empty,
    date: null,
    staff_id: null,
    slots: [],
    slot_index: 0,
    slots_key: null,
    slots_asked: null,
    nearest: [],
    pick_when_loaded: false,
    wanted_slot_id: null,
    wanted_time: null,
    slot: null,
    hold: null,
    hold_asked: null,
    pay: 'link',
    note: empty,
    error: null,
    submitting: false,
    hold_only: false,
    result: null,
  };
}

/** True when closing the console would lose something that a person typed. */
export function hasContent(draft: Draft | null): boolean {
  if (draft === null || draft.result !== null) return false;
  const texts = [draft.who, draft.new_name, draft.new_pet, draft.note];
  return draft.owner !== null || texts.some((field) => field.text.trim() !== '');
}

/** The fields that Tab visits now: an unknown caller has a name and a pet to type instead of a pet to choose. */
export function visibleFields(draft: Draft): readonly BookField[] {
  const is_new = draft.owner === null && draft.new_phone !== null;
  return book_fields.filter((field) => {
    if (field === 'new_name' || field === 'new_pet') return is_new;
    return field === 'pet' ? !is_new : true;
  });
}
