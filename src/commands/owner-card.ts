import { formatMoney, parseAmount } from '../domain/money.ts';
import type { Output } from '../domain/shapes.ts';
import { localTime } from '../domain/time.ts';
import type { Context } from './context.ts';
import type { Owner } from './lookup.ts';
import { printList, printOne } from './output.ts';

/** How owners are shown: in a list, and one by one as a card. */

type Card = Output<'get_owner'>;
type Visit = Card['next_visits'][number];

export const owner_csv = ['user_id', 'full_name', 'phone', 'email', 'lang', 'pets'];

export const petsText = (owner: Pick<Owner, 'pets'>) =>
  owner.pets
    .map((pet) => (pet.species === null ? pet.name : `${pet.name} (${pet.species})`))
    .join(', ');

/** `2026-11-20 11:15`, on the clinic's clock or that of --tz. */
function moment(context: Context, instant: string): string {
  const { tz } = context.config;
  if (tz === null) return instant.slice(0, 16).replace('T', ' ');
  const local = localTime(Temporal.Instant.from(instant), tz);
  return `${local.date} ${local.time}`;
}

export function printOwners(
  context: Context,
  items: readonly Owner[],
  words: { readonly empty: string },
): void {
  printList(context, {
    kind: 'OwnerList',
    items,
    columns: [
      { head: 'OWNER', text: (owner) => owner.full_name },
      { head: 'PHONE', text: (owner) => owner.phone ?? '-', whole: true },
      { head: 'PETS', text: petsText },
      {
        head: 'NEXT VISIT',
        text: ({ next_visit }) => (next_visit ? moment(context, next_visit.starts_at) : '-'),
      },
      { head: 'REF', text: (owner) => owner.next_visit?.reference_code ?? '-', whole: true },
      { head: 'EMAIL', text: (owner) => owner.email ?? '-', wide: true },
      { head: 'FOUND BY', text: (owner) => owner.matched_by ?? '-', wide: true },
    ],
    csv: owner_csv,
    name: (owner) => owner.user_id,
    empty: words.empty,
  });
}

function visitText(context: Context, visit: Visit): string {
  const state = visit.status === 'confirmed' ? '' : visit.status;
  const parts = [
    moment(context, visit.starts_at),
    visit.reference_code,
    visit.service_name,
    visit.pet_name,
    visit.staff_name,
    visit.clinic_name,
    state,
    visit.payment_state === 'due' ? 'DUE' : '',
  ];
  return parts.filter((part) => part !== null && part !== '').join('  ');
}

function dueText(context: Context, card: Card): string {
  const { lang } = context.config;
  const money = (amount: string, currency: string) =>
    formatMoney(parseAmount(amount, currency), lang);
  return card.due
    .map(({ amount, overdue, currency }) =>
      /^[0.]*$/.test(overdue)
        ? `${money(amount, currency)} at the visit`
        : `${money(amount, currency)}, of it ${money(overdue, currency)} overdue`,
    )
    .join('; ');
}

/** An owner with pets, visits and what is due. */
export function printCard(context: Context, card: Card): void {
  const contact = [card.full_name, card.phone, card.email].filter((one) => one !== null);
  const visits = (label: string, rows: readonly Visit[]): readonly (readonly [string, string])[] =>
    rows.map((visit, index) => [index === 0 ? label : '', visitText(context, visit)]);
  const next = card.next_visits.length > 0 ? visits('next', card.next_visits) : [['next', '-']];
  const last = card.last_visits.length > 0 ? visits('last', card.last_visits) : [['last', '-']];
  const missed = [
    `${card.visit_count}`,
    card.no_show_count > 0 ? `${card.no_show_count} no-show` : '',
    card.cancelled_count > 0 ? `${card.cancelled_count} cancelled` : '',
  ];
  const who = card.phone ?? card.user_id;
  printOne(context, {
    kind: 'OwnerCard',
    item: card,
    csv: [...owner_csv, 'visit_count', 'no_show_count', 'cancelled_count', 'due'],
    name: card.user_id,
    lines: [
      ['owner', contact.join('  ')],
      ['pets', petsText(card) || '-'],
      ...next.map(([label = '', text = '']) => [label, text] as const),
      ...last.map(([label = '', text = '']) => [label, text] as const),
      ['visits', missed.filter((text) => text !== '').join(', ')],
      ['due', dueText(context, card) || 'nothing'],
      ['book', `petpro book --owner "${who}" --service .. --at ..`],
    ],
  });
}
