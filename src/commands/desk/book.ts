import { AppError } from '../../domain/errors.ts';
import { looksLikePhone, toE164 } from '../../domain/phone.ts';
import { type Owner, type Pet, petOf, type Service, serviceOf } from '../lookup.ts';
import { dateText } from './dates.ts';
import { change, type Desk } from './desk.ts';
import { tellOf } from './failure.ts';
import { type Command, type Flags, flagText } from './parse.ts';
import { refuse } from './refuse.ts';
import { serverNow, timeText } from './rows.ts';
import { chooseTime, type Slot, slotByWhen } from './times.ts';

/** `ma`: from the telephone to the payment link in six short questions; what the line says already is not asked. */

const OWNERS_MAX = 9;
/** Somebody else may be faster this often before the question is left. */
const HOLDS_MAX = 5;

const pays = ['link', 'at_clinic', 'cash', 'card_terminal', 'transfer'] as const;
type Pay = (typeof pays)[number];

function ownerText(owner: Owner): string {
  const pets = owner.pets.map((pet) => pet.name).join(', ');
  return [owner.full_name, owner.phone, pets === '' ? null : `(${pets})`].filter(Boolean).join(' ');
}

/** Somebody who calls for the first time. */
async function newOwner(desk: Desk, phone: string): Promise<Owner> {
  const { talk, words } = desk;
  talk.remark(words.new_owner(phone));
  const full_name = await talk.ask(words.ask_name, 'petpro owners add');
  if (full_name === '') throw new AppError('cancelled', words.left);
  const pet_name = await talk.ask(words.ask_pet, 'petpro owners add');
  if (pet_name === '') throw new AppError('cancelled', words.left);
  const owner = await change(desk, 'create_owner', { full_name, phone, pet_name });
  talk.say(words.owner_added(full_name, pet_name));
  return owner;
}

async function ownerOf(desk: Desk, typed: string): Promise<Owner> {
  const { talk, words, session, clinic, found } = desk;
  let text = typed;
  if (text === '') {
    text = await talk.ask(words.ask_owner(found === null ? null : ownerText(found)), 'bk 7890');
    if (text === '' && found !== null) return found;
    if (text === '') throw new AppError('cancelled', words.left);
  }
  const { items } = await session.client.call('search_owners', {
    q: text,
    limit: OWNERS_MAX + 1,
    clinic_id: clinic.clinic_id,
  });
  const [first] = items;
  if (first === undefined) {
    const phone = looksLikePhone(text) ? toE164(text, clinic.currency) : null;
    if (phone === null) throw refuse('not_found', words.nobody_found(text));
    return await newOwner(desk, phone);
  }
  if (items.length === 1) {
    talk.say(ownerText(first));
    return first;
  }
  const choice = await talk.choose({
    head: words.several_owners(text, items.length > OWNERS_MAX),
    items: items.slice(0, OWNERS_MAX),
    textOf: ownerText,
    fallback: null,
    flag: 'bk +6281234567890',
  });
  if (choice.kind === 'item') return choice.item;
  throw new AppError('cancelled', words.left);
}

async function petFor(desk: Desk, owner: Owner, flags: Flags): Promise<Pet | null> {
  const { talk, words, clinic } = desk;
  const named = flagText(flags, 'pet');
  if (named !== null) return petOf(owner, named);
  // Salons and venues do not ask for whom.
  if (clinic.kind !== 'clinic') return null;
  const [only] = owner.pets;
  if (only === undefined) throw refuse('policy_refused', words.no_pet(owner.full_name));
  if (owner.pets.length === 1) return only;
  const choice = await talk.choose({
    head: words.which_pet,
    items: owner.pets,
    textOf: (pet) => (pet.species === null ? pet.name : `${pet.name}, ${pet.species}`),
    fallback: null,
    flag: '--pet Mochi',
  });
  if (choice.kind === 'item') return choice.item;
  throw new AppError('cancelled', words.left);
}

async function serviceFor(desk: Desk, owner: Owner, flags: Flags): Promise<Service> {
  const { talk, words, clinic, look } = desk;
  const named = flagText(flags, 'service');
  if (named !== null) return serviceOf(clinic, named);
  const items = clinic.services.filter((service) => service.is_available);
  const last = items.find((service) => service.service_id === owner.last_service_id) ?? null;
  const choice = await talk.choose({
    head: words.which_service,
    items,
    textOf: (service) => `${service.name}, ${look.money(service.price, service.currency)}`,
    fallback: last,
    flag: '--service checkup',
  });
  if (choice.kind === 'item') return choice.item;
  throw new AppError('cancelled', words.left);
}

/** Holds the time; somebody faster leads back to the list. */
async function holdTime(
  desk: Desk,
  who: { readonly owner: Owner; readonly pet: Pet | null; readonly service: Service },
  flags: Flags,
): Promise<{ readonly slot: Slot; readonly reservation_id: string }> {
  const { talk, words } = desk;
  const { owner, pet, service } = who;
  const vet = flagText(flags, 'vet');
  const flag = '--at "fri 11:15"';
  let when = flagText(flags, 'at');
  for (let attempt = 1; ; attempt += 1) {
    const typed = await slotByWhen(desk, service, when, vet);
    const slot = typed ?? (await chooseTime(desk, service, { when, vet, flag }));
    try {
      const hold = await change(desk, 'create_reservation', {
        service_id: service.service_id,
        slot_id: slot.slot_id,
        user_id: owner.user_id,
        ...(pet === null ? {} : { pet_id: pet.pet_id }),
      });
      const { reservation_id, expires_at } = hold;
      desk.held = { reservation_id, expires_at };
      const left = serverNow(desk).until(Temporal.Instant.from(expires_at)).total('minutes');
      const what = `${dateText(slot.date, desk.lang)} ${slot.time}`;
      talk.say(words.held_now(what, slot.staff_name, timeText(desk, expires_at), Math.round(left)));
      return { slot, reservation_id };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const is_lost = error.code === 'slot_taken' || error.code === 'slot_locked';
      if (!is_lost || attempt >= HOLDS_MAX) throw error;
      talk.remark(tellOf(desk, error).sentence);
      when = slot.date;
    }
  }
}

async function payFor(desk: Desk, price: string, flags: Flags): Promise<Pay> {
  const { talk, words } = desk;
  const given = flagText(flags, 'pay');
  if (given !== null) {
    const found = pays.find((one) => one.startsWith(given.toLowerCase()));
    if (found === undefined) throw refuse('invalid_input', words.no_method(given, pays.join(', ')));
    return found;
  }
  const choice = await talk.choose<Pay>({
    head: words.how_paid(price),
    items: pays,
    textOf: (one) => words.methods[one],
    fallback: 'link',
    flag: '--pay link',
  });
  return choice.kind === 'item' ? choice.item : 'link';
}

/** Gives a hold back whose question was left, so that the time is not lost for ten minutes. */
export async function dropHold(desk: Desk): Promise<void> {
  const { held, talk, words } = desk;
  if (held === null) return;
  desk.held = null;
  const { reservation_id } = held;
  try {
    await change(desk, 'cancel_reservation', { reservation_id });
    talk.remark(words.hold_given_back);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // It ends by itself; nothing that the person could do is lost.
    talk.remark(words.hold_ends(timeText(desk, held.expires_at)));
  }
}

export async function book(desk: Desk, command: Command): Promise<void> {
  const { talk, words, look, lang } = desk;
  const { flags } = command;
  const owner = await ownerOf(desk, command.words.join(' '));
  desk.found = owner;
  const pet = await petFor(desk, owner, flags);
  const service = await serviceFor(desk, owner, flags);
  try {
    const { slot, reservation_id } = await holdTime(desk, { owner, pet, service }, flags);
    const price = look.money(slot.price, slot.currency);
    const pay = await payFor(desk, price, flags);
    const note = flagText(flags, 'note');
    const who = pet === null ? owner.full_name : `${pet.name}, ${owner.full_name}`;
    const what = `${who}, ${service.name}, ${dateText(slot.date, lang)} ${slot.time}`;
    if (pay !== 'link' && note === null) {
      const request = { reservation_id, payment_method: pay };
      const done = await change(desk, 'confirm_reservation', request);
      desk.held = null;
      talk.say(words.booked(done.reference_code, what, words.methods[pay]));
      return;
    }
    // The server answers with this desk's own live hold on the slot, so the time stays with the customer.
    const started = await change(desk, 'create_booking', {
      service_id: service.service_id,
      slot_id: slot.slot_id,
      user_id: owner.user_id,
      ...(pet === null ? {} : { pet_id: pet.pet_id }),
      payment_method: pay === 'link' ? 'checkout' : pay,
      ...(note === null ? {} : { notes: note }),
    });
    desk.held = null;
    const { reference_code, booking_id, payment_url, expires_at } = started;
    if (booking_id !== null || payment_url === null) {
      talk.say(words.booked(reference_code, what, words.methods[pay]));
      return;
    }
    talk.say(words.link_sent(reference_code, what, timeText(desk, expires_at)));
    talk.say(payment_url);
  } catch (error) {
    if (error instanceof AppError && error.code === 'reservation_expired') desk.held = null;
    await dropHold(desk);
    throw error;
  }
}
