import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import type { Pet } from './lookup.ts';

/** Who comes with a booking, as people type and read it. */

type Participant = Output<'set_participants'>['participants'][number];

/** As many as one hold has seats. */
const PEOPLE_MAX = 50;
const NAME_MAX = 80;

/** `Mochi (Siti), Rex (Budi)` */
export function namesText(people: readonly Participant[]): string {
  return people
    .map(({ name, owner_name }) => (owner_name === null ? name : `${name} (${owner_name})`))
    .join(', ');
}

/** `Mochi, Rex/Budi`: pets of the payer by their name, others with whose they are. */
export function peopleOf(text: string, own: readonly Pet[]) {
  const people = text.split(',').map((part) => {
    const [name = '', owner_name, ...more] = part.split('/').map((word) => word.trim());
    const is_wrong = more.length > 0 || owner_name === '' || name.length > NAME_MAX;
    if (name === '' || is_wrong) {
      throw new AppError(
        'invalid_input',
        `--people takes "Mochi, Rex/Budi"; not "${part.trim()}".`,
      );
    }
    if (owner_name !== undefined) return { name, owner_name };
    const known = own.find((pet) => pet.name.toLowerCase() === name.toLowerCase());
    return known === undefined ? { name } : { pet_id: known.pet_id };
  });
  if (people.length <= PEOPLE_MAX) return people;
  throw new AppError('invalid_input', `At most ${PEOPLE_MAX} come with one booking.`, {
    next: 'make two group bookings',
  });
}
