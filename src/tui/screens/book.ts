import { padEndWidth, plainLine } from '../../domain/width.ts';
import { isHoldOver } from '../book-answers.ts';
import { type BookField, type Draft, pay_choices, visibleFields } from '../draft.ts';
import { windowOf } from '../field.ts';
import { dateText, moneyText, wordsOf } from '../i18n/text.ts';
import type { Field, State } from '../model.ts';
import { countdown, layoutOf, serverNow } from '../selectors.ts';
import { fitLine, type Line, lineOf, type Span, span, splitLine, wrap } from '../text.ts';
import { fillLines } from './chrome.ts';

/** Figure C: the booking form. */

const LABEL = 10;
const TEXT_COLUMNS = 24;
const SLOT_COLUMNS = 16;
const SLOT_LINES = 3;
const MATCH_LINES = 3;
/** The hold's countdown turns into a warning here. ux §3, phone booking. */
const WARN_MS = 120_000;

export type Screen = {
  readonly lines: readonly Line[];
  readonly cursor: { readonly x: number; readonly y: number } | null;
};

function label(state: State, draft: Draft, field: BookField): Span {
  const words = wordsOf(state.session.lang);
  const is_here = draft.focus === field;
  return span(
    `${is_here ? '>' : ' '}${padEndWidth(words.fields[field], LABEL - 2)} `,
    is_here ? 'bold' : 'plain',
  );
}

/** A note may be long and has nothing beside it. */
function textColumns(state: State, name: BookField): number {
  return name === 'note' ? state.columns - LABEL - 3 : TEXT_COLUMNS;
}

function hint(text: string): Span {
  return span(` ${text}`, 'dim');
}

/** What is wrong with a field, below it, whole: half a reason helps nobody. */
function errorLines(state: State, draft: Draft, field: BookField): readonly Line[] {
  if (draft.error?.field !== field) return [];
  return wrap(draft.error.text, state.columns - LABEL - 1).map((text) => [
    span(' '.repeat(LABEL)),
    span(text, 'error'),
  ]);
}

function textField(state: State, draft: Draft, name: BookField, field: Field, more: string): Line {
  const is_here = draft.focus === name;
  const width = textColumns(state, name);
  const shown = is_here ? windowOf(field, width).text : plainLine(field.text);
  const box = `[${padEndWidth(shown, width)}]`;
  return [label(state, draft, name), span(box, is_here ? 'bold' : 'plain'), hint(more)];
}

function whoLines(state: State, draft: Draft): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const { owner, matches } = draft;
  if (owner !== null) {
    const name = plainLine(
      [owner.full_name, owner.phone].filter((part) => part !== null).join('  '),
    );
    return [textField(state, draft, 'who', draft.who, name)];
  }
  const count = matches.length > 0 ? words.who_matches(matches.length) : words.who_hint;
  const more = draft.new_phone === null ? count : words.who_new(draft.new_phone);
  const lines = [textField(state, draft, 'who', draft.who, more)];
  if (draft.new_phone !== null) return lines;
  const top = Math.max(0, Math.min(draft.match_index - 1, matches.length - MATCH_LINES));
  for (const [index, match] of matches.slice(top, top + MATCH_LINES).entries()) {
    const is_here = top + index === draft.match_index;
    const pets = match.pets.map((pet) => `${pet.name}${pet.species ? `(${pet.species})` : ''}`);
    const text = `${match.full_name}  ${match.phone ?? ''}  ${pets.join(' ')}`;
    const mark = is_here ? '>' : ' ';
    lines.push([span(`    ${mark} ${plainLine(text)}`, is_here ? 'selected' : 'plain')]);
  }
  return lines;
}

function choiceLine(
  state: State,
  draft: Draft,
  name: BookField,
  items: readonly { readonly text: string; readonly is_on: boolean }[],
): Line {
  const spans = items.map((item) =>
    span(
      `(${item.is_on ? 'o' : ' '}) ${plainLine(item.text)}  `,
      item.is_on && draft.focus === name ? 'selected' : 'plain',
    ),
  );
  return [label(state, draft, name), ...spans, hint('')];
}

function serviceLine(state: State, draft: Draft): Line {
  const words = wordsOf(state.session.lang);
  const services = state.clinic?.services ?? [];
  const index = services.findIndex((service) => service.service_id === draft.service_id);
  const service = services[index];
  if (service === undefined) {
    return [label(state, draft, 'service'), hint(words.loading)];
  }
  const money = moneyText(service.price, service.currency, state.session.lang);
  const text = `${service.name}  ${words.minutes(service.duration_minutes)}  ${money}`;
  const place = `${index + 1}/${services.length}`;
  return [
    label(state, draft, 'service'),
    span(`[${plainLine(text)}]`, draft.focus === 'service' ? 'selected' : 'plain'),
    hint(place),
  ];
}

function vetLine(state: State, draft: Draft): Line {
  const words = wordsOf(state.session.lang);
  const staff = state.clinic?.staff ?? [];
  const vet = staff.find((one) => one.staff_id === draft.staff_id);
  const index = vet === undefined ? 0 : staff.indexOf(vet) + 1;
  const name = vet?.name ?? words.any_vet;
  return [
    label(state, draft, 'vet'),
    span(`[${plainLine(name)}]`, draft.focus === 'vet' ? 'selected' : 'plain'),
    hint(`${index + 1}/${staff.length + 1}`),
  ];
}

function slotText(draft: Draft, index: number): string {
  const slot = draft.slots[index];
  if (slot === undefined) return '';
  const is_picked = draft.slot?.slot_id === slot.slot_id;
  const mark = is_picked ? '*' : index === draft.slot_index ? '>' : ' ';
  return padEndWidth(`${mark}${slot.time} ${plainLine(slot.staff_name ?? '')}`, SLOT_COLUMNS - 1);
}

function slotLines(state: State, draft: Draft): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const is_loading = draft.slots_asked !== draft.slots_key || draft.slots_asked === null;
  if (draft.slots.length === 0) {
    const text = draft.service_id === null ? words.slots_first : words.slots_none;
    const shown = is_loading && draft.service_id !== null ? words.slots_loading : text;
    return [[label(state, draft, 'slot'), span(shown, 'dim')]];
  }
  const per_line = Math.max(1, Math.floor((state.columns - LABEL) / SLOT_COLUMNS));
  const first_line = Math.max(0, Math.floor(draft.slot_index / per_line) - 1);
  const all_lines = Math.ceil(draft.slots.length / per_line);
  const top = Math.max(0, Math.min(first_line, all_lines - SLOT_LINES));
  const lines: Line[] = [];
  for (let row = top; row < Math.min(all_lines, top + SLOT_LINES); row += 1) {
    const spans: Span[] = [row === top ? label(state, draft, 'slot') : span(' '.repeat(LABEL))];
    for (let index = row * per_line; index < (row + 1) * per_line; index += 1) {
      const is_here = index === draft.slot_index && draft.focus === 'slot';
      const is_picked = draft.slots[index]?.slot_id === draft.slot?.slot_id;
      const tone = is_here ? 'selected' : is_picked && draft.slot ? 'bold' : 'plain';
      if (index < draft.slots.length) spans.push(span(slotText(draft, index), tone), span(' '));
    }
    // Where the marked time stands among all, when not all of them are in sight.
    const place = `${draft.slot_index + 1}/${draft.slots.length}`;
    if (row === top && all_lines > SLOT_LINES) spans.push(span(place, 'dim'));
    lines.push(spans);
  }
  return lines;
}

/** After a time was lost, the one that Enter takes next. */
function offerLines(state: State, draft: Draft): readonly Line[] {
  const next = draft.slots[draft.slot_index];
  const is_lost = draft.error?.field === 'slot' && draft.slot === null;
  if (!is_lost || next === undefined) return [];
  const others = draft.nearest.filter(
    (one) => one.slot_id !== next.slot_id && one.date === draft.date,
  );
  const name = (one: Pick<typeof next, 'time' | 'staff_name'>) =>
    `${one.time} ${one.staff_name ?? ''}`.trimEnd();
  const first = wordsOf(state.session.lang).taken_next(name(next));
  const text = [first, ...others.map(name)].join('   ');
  return [[span(' '.repeat(LABEL)), span(plainLine(text), 'warn')]];
}

function titleLine(state: State, draft: Draft): Line {
  const words = wordsOf(state.session.lang);
  const { hold } = draft;
  let right = span('');
  if (draft.submitting) right = span(words.working, 'accent');
  else if (isHoldOver(state)) right = span(words.book_hold_over, 'error');
  else if (hold !== null) {
    const left_ms = hold.expires_at_ms - serverNow(state);
    const text = words.book_hold(countdown(hold.expires_at_ms, serverNow(state)));
    const extended = hold.extended ? `  ${words.book_extended}` : '';
    right = span(`${text}${extended}`, left_ms <= WARN_MS ? 'error' : 'ok');
  }
  return splitLine([span(` ${words.book_title}`, 'bold')], [right, span(' ')], state.columns);
}

function resultLines(state: State, draft: Draft): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const { result } = draft;
  if (result === null) return [];
  const { payment_url } = result;
  const blank = lineOf('', state.columns);
  const link =
    payment_url === null
      ? [[span(` ${words.booked_due}`)]]
      : [
          [span(` ${words.booked_link}`)],
          ...wrap(payment_url, state.columns - 2).map((text) => [span(` ${text}`, 'accent')]),
        ];
  const { owner, slot } = draft;
  const pet = owner?.pets.find((one) => one.pet_id === draft.pet_id);
  const who = `${plainLine(owner?.full_name ?? '')}  ${plainLine(pet?.name ?? '')}`;
  const when =
    slot === null
      ? ''
      : `${dateText(slot.date, state.session.lang)} ${slot.time} ${slot.staff_name ?? ''}`;
  return [
    [span(` ${words.booked(result.reference_code)}`, 'ok')],
    [span(` ${plainLine(when)}  ${who}`)],
    blank,
    ...link,
    blank,
    [span(` ${words.booked_keys}`, 'dim')],
  ];
}

function formLines(state: State, draft: Draft): { lines: Line[]; focus_y: number } {
  const words = wordsOf(state.session.lang);
  const { lang } = state.session;
  const day = draft.date === null ? '' : dateText(draft.date, lang);
  const lines: Line[] = [titleLine(state, draft)];
  const at = new Map<BookField, number>();
  const add = (field: BookField, more: readonly Line[]) => {
    at.set(field, lines.length);
    lines.push(...more, ...errorLines(state, draft, field));
    if (field === 'slot') lines.push(...offerLines(state, draft));
  };
  for (const field of visibleFields(draft)) {
    if (field === 'who') add(field, whoLines(state, draft));
    else if (field === 'new_name' || field === 'new_pet') {
      add(field, [textField(state, draft, field, draft[field], '')]);
    } else if (field === 'pet') {
      const pets = (draft.owner?.pets ?? []).map((pet) => ({
        text: [pet.name, pet.species].filter((part) => part !== null).join(' '),
        is_on: pet.pet_id === draft.pet_id,
      }));
      add(field, [choiceLine(state, draft, field, pets)]);
    } else if (field === 'service') add(field, [serviceLine(state, draft)]);
    else if (field === 'when') {
      add(field, [textField(state, draft, field, draft.when, `${day}   ${words.when_hint}`)]);
    } else if (field === 'vet') add(field, [vetLine(state, draft)]);
    else if (field === 'slot') add(field, slotLines(state, draft));
    else if (field === 'pay') {
      const pays = pay_choices.map((pay) => ({ text: words.pays[pay], is_on: pay === draft.pay }));
      add(field, [choiceLine(state, draft, field, pays)]);
    } else add(field, [textField(state, draft, field, draft.note, '')]);
  }
  return { lines, focus_y: at.get(draft.focus) ?? 0 };
}

function cursorX(state: State, draft: Draft): number {
  const { focus } = draft;
  const is_text = ['who', 'new_name', 'new_pet', 'when', 'note'].includes(focus);
  if (!is_text) return LABEL;
  const field =
    focus === 'new_name' || focus === 'new_pet' || focus === 'when' || focus === 'note'
      ? draft[focus]
      : draft.who;
  return LABEL + 1 + windowOf(field, textColumns(state, focus)).x;
}

/** The form, or what became of it. */
export function bookScreen(state: State): Screen {
  const { body_rows } = layoutOf(state);
  const { draft } = state;
  const words = wordsOf(state.session.lang);
  if (draft === null) return { lines: fillLines([], body_rows, state.columns), cursor: null };
  if (draft.result !== null) {
    const lines = fillLines(resultLines(state, draft), body_rows, state.columns);
    return { lines, cursor: null };
  }
  const { lines, focus_y } = formLines(state, draft);
  const filled = fillLines(lines, body_rows - 1, state.columns);
  const said = draft.hold_only ? words.desk.hold_keys : words.book_keys;
  const keys = fitLine([span(` ${said}`, 'dim')], state.columns);
  return { lines: [...filled, keys], cursor: { x: cursorX(state, draft), y: focus_y } };
}
