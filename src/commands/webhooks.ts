import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { plainLine } from '../domain/width.ts';
import { callOptions, firstWord, isForPeople, versionField } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, type Run, textOption } from './spec.ts';

type Webhook = Output<'get_webhook'>;
type Delivery = Output<'list_webhook_deliveries'>['items'][number];

const SHORT = 6;
const csv = [
  'webhook_id',
  'url',
  'events',
  'status',
  'failures',
  'waiting',
  'dead',
  'last_error',
  'version',
  'created_at',
];
const delivery_csv = [
  'delivery_id',
  'event_id',
  'event_type',
  'sequence',
  'status',
  'attempts',
  'status_code',
  'error',
  'next_attempt_at',
  'created_at',
];

function admin(context: Context): Session {
  return openSession(context, 'admin');
}

/** The endpoint that the word means: its id, the end of one, or a part of an address. */
async function webhookOf(session: Session, args: Args): Promise<Webhook> {
  const word = firstWord(args);
  if (isId(word)) return await session.client.call('get_webhook', { webhook_id: word });
  const { clinic_id } = await clinicOf(session);
  const { items } = await session.client.call('list_webhooks', { clinic_id });
  const hits = items.filter(
    (one) =>
      one.url.includes(word) ||
      (word.length >= SHORT && one.webhook_id.endsWith(word.toLowerCase())),
  );
  const [hit] = hits;
  if (hit && hits.length === 1) return hit;
  const next = 'petpro webhooks list -o wide';
  const candidates = hits.map((one) => one.url);
  if (hit) {
    const detail = `"${word}" can be ${candidates.join(', ')}: say which, or its id.`;
    throw new AppError('invalid_input', detail, { candidates, next });
  }
  throw new AppError('not_found', `No webhook endpoint is called "${word}".`, { next });
}

function nextOf(one: Webhook): string {
  const short = one.webhook_id.slice(-SHORT);
  if (one.status === 'disabled') return `petpro webhooks test ${short}, then enable ${short}`;
  if (one.dead > 0) return `petpro webhooks replay ${short}`;
  return one.last_success_at === null ? `petpro webhooks test ${short}` : '';
}

function show(context: Context, clinic: Clinic, one: Webhook, verb: string): void {
  const look = lookOf(context, clinic);
  const at = (text: string | null) => (text === null ? '' : look.moment(text));
  const is_failing = one.failures > 0;
  printOne(context, {
    kind: 'Webhook',
    item: one,
    csv,
    name: one.webhook_id,
    as_of: look.now(),
    lines: [
      [verb, one.url],
      ['events', one.events.join(', ')],
      ['status', one.status],
      ['reason', one.disabled_reason ?? ''],
      ['description', plainLine(one.description ?? '')],
      ['delivered', at(one.last_success_at)],
      ['failing', is_failing ? `${one.failures} times since ${at(one.failing_since)}` : ''],
      ['error', is_failing ? plainLine(one.last_error ?? '') : ''],
      ['waiting', one.waiting === 0 ? '' : String(one.waiting)],
      ['given up', one.dead === 0 ? '' : String(one.dead)],
      ['webhook', one.webhook_id],
      ['next', nextOf(one)],
    ],
  });
}

/** The secret goes to stdout in every mode for people, and is part of the JSON. */
function showSecret(context: Context, secret: string): void {
  if (!isForPeople(context)) return;
  context.io.out(`secret  ${secret}\n`);
  say(context, 'Keep it now: it is not shown again. The receiver needs it to verify signatures.');
}

/** `petpro webhooks add` */
export async function addWebhook(context: Context, args: Args): Promise<undefined> {
  const session = admin(context);
  const events = textOption(args, 'events');
  const description = textOption(args, 'description');
  const clinic = await clinicOf(session);
  const wish = {
    clinic_id: clinic.clinic_id,
    url: firstWord(args),
    ...(events === null ? {} : { events: events.split(',').map((one) => one.trim()) }),
    ...(description === null ? {} : { description }),
  };
  const made = await session.client.call('create_webhook', wish, callOptions(args));
  show(context, clinic, made, 'Added');
  showSecret(context, made.secret);
  return;
}

/** `petpro webhooks list` */
export async function listWebhooks(context: Context, _args: Args): Promise<undefined> {
  const session = admin(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const { clinic_id } = clinic;
  const { items } = await session.client.call('list_webhooks', { clinic_id });
  printList(context, {
    kind: 'WebhookList',
    items,
    columns: [
      { head: 'ID', text: (one) => one.webhook_id.slice(-SHORT), whole: true },
      { head: 'STATUS', text: (one) => one.status, whole: true },
      { head: 'URL', text: (one) => one.url },
      { head: 'EVENTS', text: (one) => one.events.join(',') },
      { head: 'WAIT', text: (one) => String(one.waiting), whole: true },
      { head: 'DEAD', text: (one) => String(one.dead), whole: true },
      { head: 'ERROR', text: (one) => (one.failures > 0 ? plainLine(one.last_error ?? '') : '') },
      { head: 'WEBHOOK', text: (one) => one.webhook_id, wide: true },
    ],
    csv,
    name: (one) => one.webhook_id,
    as_of: look.now(),
    empty: 'Events are sent nowhere: petpro webhooks add https://..',
  });
  return;
}

function printDeliveries(
  context: Context,
  clinic: Clinic,
  items: readonly Delivery[],
  cursor: string | null,
): void {
  const look = lookOf(context, clinic);
  printList(context, {
    kind: 'WebhookDeliveryList',
    items,
    columns: [
      { head: 'WRITTEN', text: (one) => look.moment(one.created_at), whole: true },
      { head: 'EVENT', text: (one) => one.event_type, whole: true },
      { head: 'SEQ', text: (one) => String(one.sequence), whole: true },
      { head: 'STATUS', text: (one) => one.status, whole: true },
      { head: 'TRIES', text: (one) => String(one.attempts), whole: true },
      { head: 'HTTP', text: (one) => String(one.status_code ?? ''), whole: true },
      {
        head: 'NEXT TRY',
        text: (one) => (one.next_attempt_at === null ? '' : look.moment(one.next_attempt_at)),
        whole: true,
      },
      { head: 'ERROR', text: (one) => plainLine(one.error ?? '') },
      { head: 'EVENT ID', text: (one) => one.event_id, wide: true },
    ],
    csv: delivery_csv,
    name: (one) => one.delivery_id,
    cursor,
    as_of: look.now(),
    empty: 'Nothing was sent there.',
  });
}

/** `petpro webhooks show` */
export async function showWebhook(context: Context, args: Args): Promise<undefined> {
  const session = admin(context);
  const one = await webhookOf(session, args);
  const { clinic_id, webhook_id } = one;
  const clinic = await session.client.call('get_clinic', { clinic_id });
  show(context, clinic, one, 'Webhook');
  if (!isForPeople(context)) return;
  const wish = { webhook_id, limit: 5 };
  const { items } = await session.client.call('list_webhook_deliveries', wish);
  context.io.out('\n');
  printDeliveries(context, clinic, items, null);
}

/** `petpro webhooks deliveries` */
export async function listDeliveries(context: Context, args: Args): Promise<undefined> {
  const session = admin(context);
  const { webhook_id, clinic_id } = await webhookOf(session, args);
  const status = textOption(args, 'status');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const known = (['pending', 'sending', 'delivered', 'dead'] as const).find((s) => s === status);
  const [clinic, page] = await Promise.all([
    session.client.call('get_clinic', { clinic_id }),
    session.client.call('list_webhook_deliveries', {
      webhook_id,
      ...(known === undefined ? {} : { status: known }),
      ...(cursor === null ? {} : { cursor }),
      ...(limit === null ? {} : { limit }),
    }),
  ]);
  printDeliveries(context, clinic, page.items, page.next_cursor);
  return;
}

function switching(status: 'enabled' | 'disabled', verb: string): Run {
  return async (context, args) => {
    const session = admin(context);
    const { webhook_id, clinic_id } = await webhookOf(session, args);
    const clinic = await session.client.call('get_clinic', { clinic_id });
    const reason = textOption(args, 'reason');
    const wish = { webhook_id, status, ...versionField(args) };
    const said = reason === null ? wish : { ...wish, reason };
    const one = await session.client.call('set_webhook', said, callOptions(args));
    show(context, clinic, one, verb);
    return;
  };
}

export const enableWebhook = switching('enabled', 'Enabled');
export const disableWebhook = switching('disabled', 'Disabled');

/** `petpro webhooks rotate` */
export async function rotateWebhook(context: Context, args: Args): Promise<undefined> {
  const session = admin(context);
  const { webhook_id, clinic_id, url } = await webhookOf(session, args);
  const overlap_hours = wholeOption(args, 'overlap_hours', 0, 168) ?? 24;
  if (overlap_hours === 0) {
    await confirmOrFail(
      context,
      `The old secret of ${url} ends at once; the receiver refuses all until it has the new one.`,
      { yes: flagOption(args, 'yes'), next: 'add --yes, or --overlap-hours 24' },
    );
  }
  const clinic = await session.client.call('get_clinic', { clinic_id });
  const wish = { webhook_id, overlap_hours };
  const made = await session.client.call('rotate_webhook', wish, callOptions(args));
  show(context, clinic, made, 'Rotated');
  showSecret(context, made.secret);
  return;
}

/** Exit code of "unavailable": the receiver did not take it. */
const NOT_DELIVERED = 11;

/** `petpro webhooks test` */
export async function testWebhook(context: Context, args: Args): Promise<number | undefined> {
  const session = admin(context);
  const { webhook_id, url } = await webhookOf(session, args);
  const sent = await session.client.call('test_webhook', { webhook_id }, callOptions(args));
  printOne(context, {
    kind: 'WebhookDelivery',
    item: sent,
    csv: delivery_csv,
    name: sent.delivery_id,
    lines: [
      [sent.status === 'delivered' ? 'Delivered' : 'Not delivered', url],
      ['answer', sent.status_code === null ? '' : String(sent.status_code)],
      ['error', plainLine(sent.error ?? '')],
      ['response', plainLine(sent.response ?? '')],
      ['took', sent.duration_ms === null ? '' : `${sent.duration_ms} ms`],
      ['message', sent.event_id],
    ],
  });
  return sent.status === 'delivered' ? undefined : NOT_DELIVERED;
}

function instantOf(args: Args, name: 'since' | 'until'): Readonly<Record<string, string>> {
  const text = textOption(args, name);
  if (text === null) return {};
  try {
    return { [name]: Temporal.Instant.from(text).toString() };
  } catch (cause) {
    const detail = `--${name} takes an instant such as 2026-11-19T00:00:00+07:00, not "${text}".`;
    throw new AppError('invalid_input', detail, {}, { cause });
  }
}

/** `petpro webhooks replay`: all of the range, a bounded part of it at a time. */
export async function replayWebhook(context: Context, args: Args): Promise<undefined> {
  const session = admin(context);
  const after = wholeOption(args, 'after', 0, Number.MAX_SAFE_INTEGER);
  const to = wholeOption(args, 'to', 0, Number.MAX_SAFE_INTEGER);
  const wish = {
    ...(to === null ? {} : { to }),
    ...instantOf(args, 'since'),
    ...instantOf(args, 'until'),
    all: flagOption(args, 'all'),
    dry_run: flagOption(args, 'dry_run'),
  };
  const { webhook_id, url } = await webhookOf(session, args);
  const from = after === null ? {} : { after };
  const done = await session.client.call(
    'replay_webhook',
    { webhook_id, ...from, ...wish },
    callOptions(args),
  );
  const { matched, next_after } = done;
  const verb = done.dry_run ? 'Would send' : 'In line';
  printOne(context, {
    kind: 'WebhookReplay',
    item: done,
    csv: ['matched', 'next_after', 'dry_run'],
    name: webhook_id,
    lines: [
      [verb, `${matched === 1 ? '1 event' : `${matched} events`} to ${url}`],
      ['next', next_after === null ? '' : `there is more: --after ${next_after}`],
    ],
  });
  return;
}
