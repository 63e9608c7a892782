import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord } from './choice.ts';
import { type Context, say } from './context.ts';
import { clinicOf, isId, staffOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

type Link = Output<'revoke_calendar_link'>;

const csv = [
  'link_id',
  'kind',
  'staff_name',
  'name',
  'created_at',
  'last_read_at',
  'revoked_at',
] as const;

function whose({ kind, staff_name }: Link): string {
  if (kind === 'owner') return 'my visits';
  return kind === 'staff' ? (staff_name ?? 'a vet') : 'the clinic';
}

/** In UTC: an owner's links are of no clinic, and so of no zone. */
const moment = (instant: string | null) =>
  instant === null ? '-' : `${instant.slice(0, 16).replace('T', ' ')}Z`;

/** `petpro calendar links list` */
export async function listLinks(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const { clinic } = session;
  const page = await session.client.call('list_calendar_links', {
    ...(clinic === null ? {} : { clinic_id: (await clinicOf(session)).clinic_id }),
    ...(flagOption(args, 'all') ? { revoked: '1' } : {}),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'CalendarLinkList',
    items: page.items,
    columns: [
      { head: 'VISITS OF', text: whose },
      { head: 'FOR', text: (one) => one.name ?? '' },
      { head: 'MADE', text: (one) => moment(one.created_at), whole: true },
      { head: 'LAST READ', text: (one) => moment(one.last_read_at), whole: true },
      { head: 'REVOKED', text: (one) => moment(one.revoked_at), whole: true },
      { head: 'ID', text: (one) => one.link_id, whole: true },
    ],
    csv,
    name: (one) => one.link_id,
    cursor: page.next_cursor,
    empty: 'No calendar address was given out: petpro calendar links create',
  });
}

/** What the link is to show: the words of the flags, as the API takes them. */
async function subjectOf(session: Session, args: Args) {
  const vet = textOption(args, 'vet');
  if (flagOption(args, 'own')) {
    if (vet === null) return { kind: 'owner' } as const;
    throw new AppError('invalid_input', 'Say --vet or --own, not both.');
  }
  const clinic = await clinicOf(session);
  const { clinic_id } = clinic;
  const staff = staffOf(clinic, vet);
  if (!staff) return { kind: 'clinic', clinic_id } as const;
  return { kind: 'staff', clinic_id, staff_id: staff.staff_id } as const;
}

/** `petpro calendar links create` */
export async function createLink(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, flagOption(args, 'own') ? 'customer' : 'desk');
  const name = textOption(args, 'name');
  const wish = { ...(await subjectOf(session, args)), ...(name === null ? {} : { name }) };
  const link = await session.client.call('create_calendar_link', wish, callOptions(args));
  const url = link.url ?? new URL(link.path, session.url).href;
  printOne(context, {
    kind: 'CalendarLink',
    item: { ...link, url },
    csv: [...csv, 'url'],
    name: url,
    lines: [
      ['Calendar of', whose(link)],
      ['address', url],
      ['link', link.link_id],
    ],
  });
  say(context, 'Whoever has this address reads the visits. It is not shown again.');
}

/** `petpro calendar links revoke` */
export async function revokeLink(context: Context, args: Args): Promise<undefined> {
  const link_id = firstWord(args);
  if (!isId(link_id)) {
    const detail = `"${link_id}" is no id of a link.`;
    throw new AppError('invalid_input', detail, { next: 'petpro calendar links list' });
  }
  const session = openSession(context);
  const link = await session.client.call('revoke_calendar_link', { link_id }, callOptions(args));
  printOne(context, {
    kind: 'CalendarLink',
    item: link,
    csv,
    name: link.link_id,
    lines: [
      ['Revoked', whose(link)],
      ['was for', link.name ?? ''],
      ['link', link.link_id],
    ],
  });
}
