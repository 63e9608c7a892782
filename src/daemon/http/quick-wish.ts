/** Narrower than the schema's: lower case, as we write ids ourselves. */
const id_pattern = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

export type Wish = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly user_id: string | null;
};

/**
 * One seat of a slot that is named by its id, if the text says that and nothing else. What this takes, the schema
 * takes too, with the same meaning (a test holds them together); the schema takes more.
 */
export function quickWish(text: string, is_booking: boolean): Wish | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  let slot_id: string | null = null;
  let service_id: string | null = null;
  let user_id: string | null = null;
  let has_pet = false;
  for (const [name, value] of Object.entries(given)) {
    if (name === 'quantity' && value === 1) continue;
    if (name === 'payment_method' && is_booking && value === 'checkout') continue;
    if (typeof value !== 'string' || !id_pattern.test(value)) return null;
    if (name === 'slot_id') slot_id = value;
    else if (name === 'service_id') service_id = value;
    else if (name === 'user_id') user_id = value;
    else if (name === 'pet_id') has_pet = true;
    else return null;
  }
  return slot_id !== null && service_id !== null && has_pet
    ? { slot_id, service_id, user_id }
    : null;
}
