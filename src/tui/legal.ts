import { allowedMoves, type BookingStatus, type DeskMove } from '../domain/booking.ts';
import { displayWidth } from '../domain/width.ts';
import type { Catalogue } from './i18n/catalogue.ts';
import { move_keys } from './model-life.ts';

/** What the desk may do instead, when a key is refused. */

/** Sign and time before a message, and the blanks around it. */
export const MESSAGE_LEAD = 15;

/** What the desk calls a booking's state: arrived is a state of its own there. */
export function stateWord(
  words: Catalogue,
  status: BookingStatus,
  arrived_at: string | null,
): string {
  switch (status) {
    case 'confirmed':
      return arrived_at === null ? words.letters['-'] : words.letters.A;
    case 'in-progress':
      return words.letters.I;
    case 'completed':
      return words.letters.C;
    case 'cancelled':
      return words.letters.x;
    case 'no-show':
      return words.letters.N;
  }
}

function moveWord(words: Catalogue, move: DeskMove | 'cancelled'): string {
  return move === 'cancelled' ? words.letters.x : words.moves[move];
}

/** `Possible: i in room, x cancelled`; that nothing is, for a final state. */
export function legalText(
  words: Catalogue,
  status: BookingStatus,
  arrived_at: string | null,
  room: number,
): string {
  const moves = allowedMoves(status).filter((move) => move !== 'arrived' || arrived_at === null);
  if (moves.length === 0) return words.life.nothing_allowed;
  const named = moves.map((move) => `${move_keys[move]} ${moveWord(words, move)}`);
  const whole = words.life.allowed(named.join(', '));
  // The keys alone, where their names would be cut away.
  const keys = moves.map((move) => move_keys[move]).join(' ');
  return displayWidth(whole) <= room ? whole : words.life.allowed(keys);
}

/** Why a move is refused, and what is possible instead. */
export function refusedMove(
  words: Catalogue,
  move: string,
  status: BookingStatus,
  arrived_at: string | null,
  columns: number,
): string {
  const now = stateWord(words, status, arrived_at);
  const text = words.refused_move(move, now);
  const room = columns - MESSAGE_LEAD - displayWidth(text);
  return `${text} ${legalText(words, status, arrived_at, room)}`;
}
