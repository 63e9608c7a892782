import { AppError } from '../../domain/errors.ts';
import type { Output } from '../../domain/shapes.ts';
import { wantedText } from '../../domain/wanted.ts';
import { change, type Desk } from './desk.ts';
import { type Command, flagText } from './parse.ts';
import { refuse } from './refuse.ts';
import { timeText, whoOf } from './rows.ts';

/** `wl`: who waits; `wl offer 2`, `wl accept 2`, `wl remove 2` act on the list as it was printed. */

type Entry = Output<'list_waitlist'>['items'][number];

const SHOWN_MAX = 50;
const acts = ['offer', 'accept', 'remove'] as const;
type Act = (typeof acts)[number];

function entryText(desk: Desk, entry: Entry): string {
  const { words, look } = desk;
  const state =
    entry.status === 'offered' && entry.offer !== null
      ? words.wait_offered(
          look.moment(entry.offer.starts_at),
          timeText(desk, entry.offer.expires_at),
        )
      : words.waits(entry.position ?? 0);
  const wanted = `${entry.from_date} - ${entry.to_date} ${wantedText(entry)}`;
  const vet = entry.staff_name;
  return [whoOf(entry, words), entry.service_name, vet, wanted, state].filter(Boolean).join(', ');
}

async function printList(desk: Desk): Promise<void> {
  const { talk, words, session, clinic } = desk;
  const { items, next_cursor } = await session.client.call('list_waitlist', {
    clinic_id: clinic.clinic_id,
    status: 'open',
    limit: SHOWN_MAX,
  });
  desk.waiting = items;
  if (items.length === 0) return talk.say(words.nobody_waits);
  talk.say(words.wait_head(items.length, next_cursor !== null));
  for (const [index, entry] of items.entries()) talk.say(`${index + 1} ${entryText(desk, entry)}`);
  talk.remark(words.wait_hint);
}

/** The entry of a number, as it was printed; refused when it has changed since. */
async function entryOf(desk: Desk, word: string | undefined): Promise<Entry> {
  const { words, waiting, session, talk } = desk;
  if (waiting.length === 0) throw refuse('not_found', words.print_waitlist_first);
  const entry = /^\d{1,3}$/.test(word ?? '') ? waiting[Number(word) - 1] : undefined;
  if (entry === undefined)
    throw refuse('invalid_input', words.no_such_choice(word ?? '', waiting.length));
  const { entry_id } = entry;
  const fresh = await session.client.call('get_waitlist_entry', { entry_id });
  if (fresh.version === entry.version) return entry;
  desk.waiting = waiting.map((one) => (one.entry_id === entry_id ? fresh : one));
  talk.remark(`${word} ${entryText(desk, fresh)}`);
  throw new AppError('conflict', words.wait_changed, { is_own: true });
}

function methodOf(desk: Desk, command: Command) {
  const pay = flagText(command.flags, 'pay') ?? 'link';
  const methods = ['cash', 'card_terminal', 'transfer', 'at_clinic'] as const;
  if (pay === 'link') return 'checkout' as const;
  const method = methods.find((one) => one.startsWith(pay));
  if (method === undefined)
    throw refuse('invalid_input', desk.words.no_method(pay, methods.join(', ')));
  return method;
}

async function actOn(desk: Desk, act: Act, entry: Entry, command: Command): Promise<void> {
  const { talk, words, look } = desk;
  const { entry_id } = entry;
  const who = whoOf(entry, words);
  const is_sure = command.flags['yes'] === true;
  const reason = flagText(command.flags, 'reason');
  if (act === 'offer') {
    const offered = await change(desk, 'offer_waitlist_slot', { entry_id });
    desk.waiting = desk.waiting.map((one) => (one.entry_id === entry_id ? offered : one));
    const { offer } = offered;
    if (offer === null) return talk.say(words.wait_removed(who));
    const until = timeText(desk, offer.expires_at);
    return talk.say(words.wait_offered_to(who, look.moment(offer.starts_at), until));
  }
  if (act === 'accept') {
    const time = entry.offer === null ? '' : look.moment(entry.offer.starts_at);
    await talk.confirm(words.accept_effect(who, time), is_sure);
    const payment_method = methodOf(desk, command);
    const started = await change(desk, 'accept_offer', { entry_id, payment_method });
    talk.say(words.wait_accepted(who, started.reference_code));
    if (started.payment_url !== null) talk.say(started.payment_url);
    return;
  }
  await talk.confirm(words.remove_effect(who), is_sure);
  await change(desk, 'leave_waitlist', { entry_id, ...(reason === null ? {} : { reason }) });
  // Numbers of the others stay as they were printed until the next `wl`.
  talk.say(words.wait_removed(who));
}

export async function waitlist(desk: Desk, command: Command): Promise<void> {
  const [typed, number] = command.words;
  if (typed === undefined) return await printList(desk);
  const act = acts.find((one) => one.startsWith(typed.toLowerCase()));
  if (act === undefined) throw refuse('invalid_input', desk.words.wait_hint);
  await actOn(desk, act, await entryOf(desk, number), command);
}
