import { createHash, createHmac, randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App, Call } from '../app-types.ts';
import {
  type CalendarLinkRow,
  type CalendarSpan,
  calendarDigest,
  calendarRows,
  createCalendarLink as create,
  findCalendarLink,
  type LinkKind,
  listCalendarLinks as list,
  readCalendarLink,
  revokeCalendarLink as revoke,
} from '../store/calendar.ts';
import { findClinic } from '../store/clinics.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { calendarText } from './calendar-text.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

/** Visits in one feed; later ones come into it as time goes on. */
const EVENTS_MAX = 2_000;
/** Days back and ahead. An owner has few visits, a clinic many. */
const spans: Readonly<Record<LinkKind, readonly [back: number, ahead: number]>> = {
  owner: [90, 400],
  staff: [14, 120],
  clinic: [7, 60],
};
/** Part of every ETag: another way to write calendars makes all of them new. */
const FORMAT = 1;

/** 256 bits that follow from the link and a secret that is not in the database. */
function tokenOf(link_id: string, secret: string): string {
  return createHmac('sha256', secret).update(`calendar:${link_id}`).digest('base64url');
}

const hashOf = (token: string) => createHash('sha256').update(token).digest();

function linkJson(row: CalendarLinkRow): Output<'revoke_calendar_link'> {
  const { link_id, kind, clinic_id, staff_id, staff_name, name } = row;
  const text = (at: Temporal.Instant | null) => at?.toString() ?? null;
  return {
    link_id,
    kind,
    clinic_id,
    staff_id,
    staff_name,
    name,
    created_at: row.created_at.toString(),
    last_read_at: text(row.last_read_at),
    revoked_at: text(row.revoked_at),
  };
}

type Wish = Input<'create_calendar_link'>;

function missing(path: string, kind: LinkKind): AppError {
  const message = `A calendar of kind ${kind} needs it`;
  return new AppError('invalid_input', `${path} is missing.`, {
    errors: [{ path: `body.${path}`, message }],
  });
}

/** Whose visits; owners have theirs, the people of a clinic the clinic's. */
function subjectOf(actor: Actor, { kind, clinic_id, staff_id }: Wish) {
  if ((actor.role === 'customer') !== (kind === 'owner')) {
    const detail =
      kind === 'owner'
        ? 'Only owners themselves link their own visits, because these may be at other clinics too.'
        : 'Owners link their own visits: say kind owner.';
    throw new AppError('forbidden', detail, { role: actor.role });
  }
  if (kind === 'owner') {
    return { kind, clinic_id: null, staff_id: null, user_id: scopeOf(actor).user_id };
  }
  if (clinic_id === undefined) throw missing('clinic_id', kind);
  assertClinic(actor, clinic_id);
  if (kind === 'clinic') return { kind, clinic_id, staff_id: null, user_id: null };
  if (staff_id === undefined) throw missing('staff_id', kind);
  return { kind, clinic_id, staff_id, user_id: null };
}

/** Gives out a secret address. It is in this answer and nowhere else. */
export async function createCalendarLink(
  app: App,
  actor: Actor,
  input: Wish,
  call: Call,
): Promise<Output<'create_calendar_link'>> {
  const { ticket_secret: secrets, public_url } = app.config;
  const [secret] = secrets;
  const subject = subjectOf(actor, input);
  if (secret === undefined) {
    const detail = 'Calendar addresses need PETPRO_TICKET_SECRET.';
    throw new AppError('policy_refused', detail, { next: 'petpro config' });
  }
  const link_id = randomUUID();
  const { idempotency_key } = call;
  const token_hash = hashOf(tokenOf(link_id, secret));
  const link = { ...subject, link_id, token_hash, name: input.name ?? null, idempotency_key };
  const made = await create(app.sql, link, dbActor(actor));
  if (made.outcome === 'policy_refused') {
    throw failure(made.outcome, {}, 'There are twenty already: revoke one that nobody reads.');
  }
  const row =
    made.outcome === 'ok' && made.link_id ? await findCalendarLink(app.sql, made.link_id) : null;
  if (!row) throw failure(made.outcome);
  // The secret may have been replaced between a request and its repeat.
  const token = secrets
    .map((one) => tokenOf(row.link_id, one))
    .find((one) => hashOf(one).equals(row.token_hash));
  if (token === undefined) throw failure('conflict', {}, 'This address cannot be shown again.');
  const path = `/v1/calendar/${token}.ics`;
  const url = public_url === null ? null : `${public_url}${path}`;
  return { ...linkJson(row), path, url, replayed: made.is_repeated };
}

/** Addresses that were given out, without their secrets. */
export async function listCalendarLinks(
  app: App,
  actor: Actor,
  input: Input<'list_calendar_links'>,
): Promise<Output<'list_calendar_links'>> {
  const { clinic_id: clinic_filter = null, limit, revoked } = input;
  if (clinic_filter !== null) assertClinic(actor, clinic_filter);
  const rows = await list(app.sql, {
    ...scopeOf(actor),
    clinic_filter,
    with_revoked: revoked === '1',
    before: decodeTimeCursor(input.cursor),
    limit: limit + 1,
  });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.link_id]);
  return { items: page.items.map(linkJson), next_cursor: page.next_cursor };
}

/** Takes an address back. */
export async function revokeCalendarLink(
  app: App,
  actor: Actor,
  { link_id }: Input<'revoke_calendar_link'>,
): Promise<Output<'revoke_calendar_link'>> {
  const { outcome } = await revoke(app.sql, link_id, dbActor(actor));
  if (outcome !== 'ok') throw failure(outcome);
  const row = await findCalendarLink(app.sql, link_id);
  if (!row) throw failure('not_found');
  return linkJson(row);
}

/** Whole days, so that what a calendar covers changes once a day and not with every read. */
function spanOf(kind: LinkKind): CalendarSpan {
  const today = Temporal.Now.instant().toZonedDateTimeISO('UTC').startOfDay();
  const [back, ahead] = spans[kind];
  return {
    from: today.subtract({ days: back }).toInstant(),
    to: today.add({ days: ahead }).toInstant(),
  };
}

async function nameOf(app: App, { kind, clinic_id, staff_name }: CalendarLinkRow) {
  if (kind === 'owner' || clinic_id === null) return 'PetPro';
  const clinic = await findClinic(app.sql, clinic_id);
  return [staff_name, clinic?.name].filter((part) => part).join(', ');
}

export type CalendarAnswer = { readonly etag: string; readonly ics: string | null };

/** The calendar behind a secret; `ics` is null when the reader has it already. */
export async function readCalendarFeed(
  app: App,
  token: string,
  known: (etag: string) => boolean,
): Promise<CalendarAnswer> {
  const link = await readCalendarLink(app.sql, hashOf(token));
  if (!link) throw new AppError('not_found', 'There is no such calendar, or it was revoked.');
  const { kind, link_id, user_id, clinic_id, staff_id } = link;
  const span = spanOf(kind);
  const of = { user_id, clinic_id, staff_id };
  const digest = await calendarDigest(app.sql, of, span);
  const name = await nameOf(app, link);
  const text = [FORMAT, link_id, name, digest].join(' ');
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  if (known(etag)) return { etag, ics: null };
  const rows = await calendarRows(app.sql, of, span, EVENTS_MAX);
  return { etag, ics: calendarText(name, rows, kind === 'owner' ? 'owner' : 'clinic') };
}
