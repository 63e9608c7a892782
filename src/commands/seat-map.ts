import type { Output } from '../domain/shapes.ts';

/** The seats of a slot as a map for the terminal: one sign per place, the front on top. */

type Seats = Output<'get_slot_seats'>;
type Seat = Seats['items'][number];
type State = Seat['state'];

export const seat_glyphs = {
  unicode: { free: '○', held: '◐', booked: '●' },
  ascii: { free: '.', held: 'h', booked: '#' },
} as const satisfies Readonly<Record<string, Readonly<Record<State, string>>>>;
export type SeatGlyphs = keyof typeof seat_glyphs;

/** Slots without a plan have no rows; their numbers are laid out like this. */
const UNPLANNED_ROW = 10;
/** Fewer signs than this side by side would be no map. */
const PLACES_MIN = 10;

type Row = { readonly name: string; readonly seats: readonly Seat[] };

function rowsOf(seats: Seats): readonly Row[] {
  if (!seats.has_plan) {
    return Array.from({ length: Math.ceil(seats.items.length / UNPLANNED_ROW) }, (_, index) => {
      const part = seats.items.slice(index * UNPLANNED_ROW, (index + 1) * UNPLANNED_ROW);
      const placed = part.map((seat, place) => ({ ...seat, place: place + 1 }));
      return { name: part[0]?.label ?? '', seats: placed };
    });
  }
  const rows = new Map<string, Seat[]>();
  for (const seat of seats.items) {
    const row = rows.get(seat.row);
    if (row) row.push(seat);
    else rows.set(seat.row, [seat]);
  }
  return [...rows].map(([name, row]) => ({ name, seats: row }));
}

/** The places from `first` on, a blank where there is none. */
function placesText(row: Row, first: number, count: number, glyphs: SeatGlyphs): string {
  const signs = Array.from({ length: count }, () => ' ');
  for (const { place, state } of row.seats) {
    if (place >= first && place < first + count) signs[place - first] = seat_glyphs[glyphs][state];
  }
  return signs.join('').trimEnd();
}

/**
 * Lines of at most `columns` signs: name of the row, its places, its categories. A row that is wider
 * goes on in the next line, under the number of the place that the line begins with.
 */
export function seatMap(
  seats: Seats,
  look: { readonly glyphs: SeatGlyphs; readonly columns: number },
): readonly string[] {
  const rows = rowsOf(seats);
  const name_width = Math.max(3, ...rows.map(({ name }) => name.length));
  const last = Math.max(1, ...rows.flatMap((row) => row.seats.map(({ place }) => place)));
  const width = Math.max(PLACES_MIN, Math.min(last, look.columns - name_width - 2));
  return rows.flatMap((row) => {
    const names = [...new Set(row.seats.map(({ category }) => category))].filter(Boolean);
    const row_last = Math.max(1, ...row.seats.map(({ place }) => place));
    return Array.from({ length: Math.ceil(row_last / width) }, (_, part) => {
      const first = part * width + 1;
      const head = (part === 0 ? row.name : `+${part * width}`).padStart(name_width);
      const line = `${head}  ${placesText(row, first, width, look.glyphs)}`;
      const tail = part === 0 ? names.join(', ') : '';
      const full = `${line.padEnd(name_width + 2 + width)}  ${tail}`;
      return (full.length <= look.columns ? full : line).trimEnd();
    });
  });
}
