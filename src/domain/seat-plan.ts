/** Seat plans: rows of places as people write them, and the numbered seats that they mean. */

/** As many as are drawn and sent at once; the table holds no more. */
export const SEATS_MAX = 5_000;
const PLACE_MAX = 1_000;

export type PlanSeat = {
  /** From 1; the seat of a slot with this number. */
  readonly seat: number;
  /** `A-12`: what stands on door, ticket and chair. */
  readonly label: string;
  readonly row: string;
  /** From the left; where a number is missing there is an aisle. */
  readonly place: number;
  readonly category: string;
  /** The price tier that the category is sold in. */
  readonly tier: string;
};

export type PlanRow = {
  readonly row: string;
  /** `1-10,13-22`: places from the left; those left out are an aisle. */
  readonly places: string;
  readonly category: string;
};

export type PlanCategory = {
  readonly category: string;
  readonly tier?: string | undefined;
};

export type PlanFault = { readonly path: string; readonly message: string };

/** `1-10,13` as numbers; null when it is no such list. */
function placesOf(text: string): readonly number[] | null {
  const places: number[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*$/.exec(part);
    if (!match) return null;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (from < 1 || to < from || to > PLACE_MAX) return null;
    for (let place = from; place <= to; place += 1) places.push(place);
  }
  return places;
}

/**
 * Numbers the seats of a plan, the first row first and each from the left. A row may come in several
 * parts, of several categories. What is wrong is told all at once, by the path in the document.
 */
export function planSeats(plan: {
  readonly rows: readonly PlanRow[];
  readonly categories?: readonly PlanCategory[] | undefined;
}): { readonly seats: readonly PlanSeat[]; readonly faults: readonly PlanFault[] } {
  const tiers = new Map(plan.categories?.map(({ category, tier }) => [category, tier ?? category]));
  const seats: PlanSeat[] = [];
  const faults: PlanFault[] = [];
  const labels = new Set<string>();
  for (const [index, { row, places, category }] of plan.rows.entries()) {
    const path = `rows.${index}`;
    const numbers = placesOf(places);
    if (numbers === null) {
      faults.push({ path: `${path}.places`, message: `"${places}" is no list such as 1-10,13-22` });
      continue;
    }
    if (plan.categories !== undefined && !tiers.has(category)) {
      faults.push({ path: `${path}.category`, message: `categories has no "${category}"` });
    }
    for (const place of numbers) {
      const label = `${row}-${place}`;
      if (labels.has(label.toUpperCase())) {
        faults.push({ path: `${path}.places`, message: `The seat ${label} is there twice` });
        break;
      }
      labels.add(label.toUpperCase());
      const tier = tiers.get(category) ?? category;
      seats.push({ seat: seats.length + 1, label, row, place, category, tier });
    }
  }
  if (seats.length > SEATS_MAX) {
    faults.push({ path: 'rows', message: `At most ${SEATS_MAX} seats, not ${seats.length}` });
  }
  return { seats, faults };
}

/** `1-10,13-22` of places in their order. */
function placesText(places: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last && place === last[1] + 1) last[1] = place;
    else runs.push([place, place]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

/** The rows that a plan was written as, more or less: for people to read and change. */
export function planRows(seats: readonly PlanSeat[]): readonly PlanRow[] {
  const parts: { row: string; category: string; places: number[] }[] = [];
  for (const { row, category, place } of seats) {
    const last = parts.at(-1);
    if (last?.row === row && last.category === category) last.places.push(place);
    else parts.push({ row, category, places: [place] });
  }
  return parts.map(({ row, category, places }) => ({ row, category, places: placesText(places) }));
}

/** The categories of a plan with the tier of each, in the order of the seats. */
export function planCategories(
  seats: readonly PlanSeat[],
): readonly { readonly category: string; readonly tier: string }[] {
  const tiers = new Map(seats.map(({ category, tier }) => [category, tier]));
  return [...tiers].map(([category, tier]) => ({ category, tier }));
}
