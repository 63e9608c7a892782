import { AppError } from '../domain/errors.ts';
import { parseWhen } from '../domain/when.ts';
import { SHORT_ID } from './format.ts';
import { isId, type Service, whenContext } from './lookup.ts';
import type { Clinic, Session } from './session.ts';
import { readSlots } from './slots.ts';

/** The slot that an id, or the end of one as lists show it, means; also one that is full. */

/** As many days are looked through; the API's longest range. */
const LOOK_AHEAD = '+30d';
/** Pages of 200 per service: a month of a busy one. */
const PAGES_MAX = 10;

async function slotOfService(
  session: Session,
  clinic: Clinic,
  service: Service,
  tail: string,
): Promise<string | null> {
  const context = whenContext(clinic);
  const from = parseWhen('today', context).date;
  const to = parseWhen(LOOK_AHEAD, context).date;
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = { services: [service], from, to, staff_id: null, explain: true, limit: 200 };
    const found = await readSlots(session, { ...query, cursor });
    const hit = found.items.find((slot) => slot.slot_id.endsWith(tail));
    if (hit) return hit.slot_id;
    cursor = found.cursor;
    if (cursor === null) return null;
  }
  return null;
}

/**
 * The slot of the next month whose id ends so, and its service; looked for among these services one
 * after another. Errors: `invalid_input` (no end of an id), `not_found`.
 */
export async function findSlot(
  session: Session,
  clinic: Clinic,
  words: string,
  services: readonly Service[] = clinic.services,
): Promise<{ readonly slot_id: string; readonly service: Service }> {
  const [only] = services;
  const where = services.length === 1 && only ? ` --service "${only.name}"` : '';
  const next = `petpro slots list${where} --date fri`;
  if (words.length < SHORT_ID || !/^[0-9a-f-]+$/i.test(words)) {
    const detail = `"${words}" is no slot: give its id or at least the last ${SHORT_ID} signs.`;
    throw new AppError('invalid_input', detail, { next });
  }
  for (const service of services) {
    const slot_id = await slotOfService(session, clinic, service, words.toLowerCase());
    if (slot_id !== null) return { slot_id, service };
  }
  const detail = `No slot of the next 30 days ends in "${words}".`;
  throw new AppError('not_found', detail, { next });
}

/** Full ids pass unchanged; the end of one is looked for among the slots of the next month. */
export async function slotIdOf(
  session: Session,
  clinic: Clinic,
  words: string,
  services?: readonly Service[],
): Promise<string> {
  return isId(words) ? words : (await findSlot(session, clinic, words, services)).slot_id;
}
