import { wantedText } from '../../domain/wanted.ts';
import { plainLine } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { WaitEntry, WaitlistBox } from '../model-waitlist.ts';
import { clockText, instantOf, timeZone } from '../selectors.ts';
import { cell, fitLine, type Line, lineOf, retone, span } from '../text.ts';
import { selectedEntry, waitlistRoom } from '../waitlist.ts';
import type { Screen } from './book.ts';
import { fillLines, ruleLine } from './chrome.ts';

/** Screen 3: who waits, for what, and what is offered to them. */

const columns_of = { place: 2, pet: 8, owner: 14, service: 10, wanted: 15 } as const;

function dayText(date: string): string {
  return `${date.slice(8)}/${date.slice(5, 7)}`;
}

/** `21/11 10:30` by the clock of the clinic. */
function momentText(state: State, instant: string): string {
  const ms = Temporal.Instant.from(instant).epochMilliseconds;
  const date = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate().toString();
  return `${dayText(date)} ${clockText(state, ms, 'minute')}`;
}

function stateText(state: State, { offer, status }: WaitEntry): string {
  const words = wordsOf(state.session.lang).waitlist;
  if (status !== 'offered' || offer === null) return words.waits;
  const until = clockText(
    state,
    Temporal.Instant.from(offer.expires_at).epochMilliseconds,
    'minute',
  );
  const text = offer.accepted_at === null ? words.offered : words.accepted;
  return text(momentText(state, offer.starts_at), until);
}

function rowLine(state: State, entry: WaitEntry, box: WaitlistBox): Line {
  const is_here = entry.entry_id === box.cursor_id;
  const days = `${dayText(entry.from_date)}-${dayText(entry.to_date)}`;
  const line: Line = [
    span(`${is_here ? '>' : ' '} ${cell(String(entry.position ?? '*'), columns_of.place)} `),
    span(`${cell(entry.pet_name, columns_of.pet)} ${cell(entry.owner_name, columns_of.owner)} `),
    span(`${cell(entry.service_name, columns_of.service)} ${cell(days, columns_of.wanted)} `),
    span(plainLine(stateText(state, entry)), entry.status === 'offered' ? 'warn' : 'plain'),
  ];
  return fitLine(is_here ? retone(line, 'selected') : line, state.columns);
}

/** What does not fit into the row: hours, vet, seats, phone; and why somebody else was asked. */
function factLines(state: State, entry: WaitEntry | null): readonly Line[] {
  if (entry === null) return [lineOf('', state.columns), lineOf('', state.columns)];
  const words = wordsOf(state.session.lang).waitlist;
  const wanted = wantedText(entry);
  const { skip, quantity, misses } = entry;
  const facts = [
    wanted === 'any time' ? words.any_time : wanted,
    entry.staff_name,
    quantity > 1 ? words.seats(quantity) : null,
    misses > 0 ? words.missed(misses) : null,
    entry.owner_phone,
  ];
  const first = facts.filter((part) => part !== null).join(' | ');
  const slot = skip?.starts_at ?? null;
  const second =
    skip === null
      ? ''
      : words.passed_over(words.skips[skip.reason], slot === null ? '?' : momentText(state, slot));
  return [first, second].map((text) => lineOf(` ${plainLine(text)}`, state.columns));
}

/** The list over the board. */
export function waitlistScreen(state: State, box: WaitlistBox): Screen {
  const all = wordsOf(state.session.lang);
  const words = all.waitlist;
  const { heads } = words;
  const rows = box.items ?? [];
  const room = waitlistRoom(state);
  const entry = selectedEntry(box);
  const head = [
    ` ${cell(heads.place, columns_of.place + 1)}`,
    cell(heads.pet, columns_of.pet),
    cell(heads.owner, columns_of.owner),
    cell(heads.service, columns_of.service),
    cell(heads.wanted, columns_of.wanted),
    heads.state,
  ].join(' ');
  const empty = box.items === null ? (box.problem ?? all.loading) : words.empty;
  const shown: readonly Line[] =
    rows.length === 0
      ? [lineOf(` ${plainLine(empty)}`, state.columns, 'dim')]
      : rows.slice(box.first, box.first + room).map((row) => rowLine(state, row, box));
  const name = entry?.pet_name ?? entry?.owner_name ?? '';
  const asked = box.question === null ? null : words.question[box.question](plainLine(name));
  const index = rows.findIndex(({ entry_id }) => entry_id === box.cursor_id) - box.first;
  return {
    lines: [
      lineOf(` ${words.title(rows.length)}`, state.columns, 'bold'),
      lineOf(head, state.columns, 'bold'),
      ...fillLines(shown, room, state.columns),
      ruleLine(state),
      ...factLines(state, entry),
      asked === null
        ? lineOf(` ${words.keys}`, state.columns, 'dim')
        : lineOf(` ${asked}`, state.columns, 'error'),
    ],
    cursor: entry === null ? null : { x: 0, y: index + 2 },
  };
}
