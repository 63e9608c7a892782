import { AppError, type Json } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { parseDay, type WhenContext } from '../domain/when.ts';
import type { Clinic, Session } from './session.ts';

/** From the words that people type to the one thing that they mean, or a sentence that lists the candidates. */

export type Service = Clinic['services'][number];
export type Staff = Clinic['staff'][number];
export type Owner = Output<'search_owners'>['items'][number];
export type Pet = Owner['pets'][number];

const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** True for a full id; everything else is a name or a part of one. */
export function isId(text: string): boolean {
  return uuid.test(text);
}

/** Clinics shown in one answer; more need an id. */
const CLINICS_MAX = 200;

const fold = (text: string) => text.normalize('NFKC').toLowerCase().trim();

/**
 * The one candidate that the words name: the whole name first, then a beginning of the name or of a word in it,
 * then any part. Throws `not_found` or, with several, `invalid_input` listing them.
 */
export function oneOf<T>(
  what: string,
  words: string,
  candidates: readonly T[],
  namesOf: (candidate: T) => readonly string[],
  flag: string,
): T {
  const asked = fold(words);
  const tests: readonly ((name: string) => boolean)[] = [
    (name) => name === asked,
    (name) => name.startsWith(asked) || name.split(/[\s.]+/).some((part) => part.startsWith(asked)),
    (name) => name.includes(asked),
  ];
  const show = (candidate: T) => namesOf(candidate)[0] ?? '';
  for (const test of tests) {
    const hits = candidates.filter((candidate) => namesOf(candidate).map(fold).some(test));
    const [hit] = hits;
    if (hit !== undefined && hits.length === 1) return hit;
    if (hits.length > 1) {
      const names = hits.slice(0, 10).map(show);
      throw new AppError(
        'invalid_input',
        `"${words}" can be ${names.join(', ')}: say which ${what} you mean.`,
        { candidates: names, next: `${flag} "${names[0]}"` },
      );
    }
  }
  const names = candidates.slice(0, 20).map(show);
  const known = names.length === 0 ? 'there is none' : `there is ${names.join(', ')}`;
  const facts: Record<string, Json> = { candidates: names };
  if (names[0] !== undefined)
    facts['next'] = flag.startsWith('--') ? `${flag} "${names[0]}"` : flag;
  throw new AppError('not_found', `No ${what} is called "${words}"; ${known}.`, facts);
}

/** The clinic that was asked for, or the only one that this token sees. */
export async function clinicOf(session: Session): Promise<Clinic> {
  const { client, clinic } = session;
  if (clinic !== null && isId(clinic))
    return await client.call('get_clinic', { clinic_id: clinic, days: 0 });
  const { items } = await client.call('list_clinics', { limit: CLINICS_MAX, days: 0 });
  const [only] = items;
  if (clinic === null && items.length > 1) {
    const codes = items.map((item) => item.code);
    throw new AppError('invalid_input', `Say which clinic: ${codes.join(', ')}.`, {
      candidates: codes,
      next: `--clinic ${codes[0]}`,
    });
  }
  if (clinic === null && only === undefined) {
    throw new AppError('not_found', 'There is no clinic.', { next: 'petpro doctor' });
  }
  const found =
    clinic === null ? only : oneOf('clinic', clinic, items, (c) => [c.code, c.name], '--clinic');
  return await client.call('get_clinic', { clinic_id: found?.clinic_id ?? '', days: 0 });
}

export function serviceOf(clinic: Clinic, words: string): Service {
  const by_id = clinic.services.find((service) => service.service_id === words);
  return by_id ?? oneOf('service', words, clinic.services, (s) => [s.name], '--service');
}

/** The vet, or null for `any`. */
export function staffOf(clinic: Clinic, words: string | null): Staff | null {
  if (words === null || fold(words) === 'any') return null;
  const by_id = clinic.staff.find((staff) => staff.staff_id === words);
  return by_id ?? oneOf('vet', words, clinic.staff, (s) => [s.name], '--vet');
}

/** The owner whom phone, name, pet or reference finds; several hits are listed, never guessed. */
export async function ownerOf(session: Session, words: string): Promise<Owner> {
  const { items } = await session.client.call('search_owners', { q: words, limit: 11 });
  const exact = items.filter(
    (owner) => owner.user_id === words || fold(owner.full_name) === fold(words),
  );
  const hits = exact.length === 1 ? exact : items;
  const [hit] = hits;
  if (hit === undefined) {
    throw new AppError('not_found', `Nobody is found by "${words}".`, {
      next: `petpro owners add --name .. --phone .. --pet ..`,
    });
  }
  if (hits.length > 1) {
    const shown = hits.slice(0, 10).map((owner) => {
      const pets = owner.pets.map((pet) => pet.name).join(', ');
      return `${owner.full_name} ${owner.phone ?? ''} (${pets})`;
    });
    throw new AppError(
      'invalid_input',
      `"${words}" finds ${hits.length > 10 ? 'more than 10' : hits.length} owners: ${shown.join('; ')}.`,
      {
        candidates: hits.map((owner) => owner.user_id),
        next: `--owner "${hit.phone ?? hit.user_id}"`,
      },
    );
  }
  return hit;
}

/** The owner's pet by name; without words the only one. */
export function petOf(owner: Owner, words: string | null): Pet {
  const [only] = owner.pets;
  if (words === null) {
    if (only !== undefined && owner.pets.length === 1) return only;
    const names = owner.pets.map((pet) => pet.name);
    throw new AppError(
      'invalid_input',
      `Say which pet of ${owner.full_name}: ${names.join(', ')}.`,
      {
        candidates: names,
        next: `--pet "${names[0] ?? '..'}"`,
      },
    );
  }
  const by_id = owner.pets.find((pet) => pet.pet_id === words);
  return by_id ?? oneOf('pet', words, owner.pets, (pet) => [pet.name], '--pet');
}

/** The clock for reading day words: this machine's, in the clinic's zone. The server decides what is past. */
export function whenContext(clinic: Clinic, past: 'refuse' | 'allow' = 'refuse'): WhenContext {
  return { now: Temporal.Now.instant(), time_zone: clinic.time_zone, past };
}

/** A day at the clinic, or null when nothing was said. */
export function dayOf(
  clinic: Clinic,
  words: string | null,
  past: 'refuse' | 'allow' = 'refuse',
): string | null {
  return words === null ? null : parseDay(words, whenContext(clinic, past));
}
