import { AppError } from '../domain/errors.ts';
import { channels } from '../domain/ports.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { EXIT_PARTIAL, reasonOf, typeToConfirm } from './severe.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, type Run, textOption } from './spec.ts';

/** `petpro deliveries`: messages on their way, and those that hang. */

type Change = Output<'retry_deliveries'>;
type Channel = (typeof channels)[number];
type ChannelState = Output<'pause_channel'>;

const csv = [
  'delivery_id',
  'channel',
  'type',
  'status',
  'reference_code',
  'address',
  'attempts',
  'deferrals',
  'error_code',
  'error',
  'created_at',
  'next_attempt_at',
  'sent_at',
  'dead_at',
];

const moment = (instant: string | null) => (instant === null ? '-' : instant.slice(0, 19));

function channelNamed(text: string): Channel {
  const channel = channels.find((known) => known === text);
  if (channel !== undefined) return channel;
  throw new AppError('invalid_input', `"${text}" is no channel: there is ${channels.join(', ')}.`, {
    next: 'petpro deliveries channels',
  });
}

function filterOf(args: Args) {
  const channel = textOption(args, 'channel');
  const error_code = textOption(args, 'error');
  return {
    ...(channel === null ? {} : { channel: channelNamed(channel) }),
    ...(error_code === null ? {} : { error_code }),
  };
}

async function listErrors(context: Context, args: Args, session: Session): Promise<void> {
  const dead = flagOption(args, 'dead') ? ({ dead: '1' } as const) : {};
  const { items } = await session.client.call('list_delivery_errors', dead);
  printList(context, {
    kind: 'DeliveryErrorList',
    items,
    columns: [
      { head: 'DEAD', text: (one) => String(one.dead), right: true },
      { head: 'RETRYING', text: (one) => String(one.retrying), right: true },
      { head: 'CHANNEL', text: (one) => one.channel, whole: true },
      { head: 'CAUSE', text: (one) => one.error_code, whole: true },
      { head: 'LAST', text: (one) => moment(one.last_at), whole: true },
      { head: 'SAYS', text: (one) => one.sample_error },
      { head: 'SAMPLE', text: (one) => one.sample_delivery_id, wide: true },
    ],
    csv: ['error_code', 'channel', 'dead', 'retrying', 'first_at', 'last_at', 'sample_error'],
    name: (one) => one.error_code,
    empty: 'No message hangs.',
  });
  const [first] = items.filter((one) => one.dead > 0);
  if (first === undefined) return;
  say(context, `Again: petpro deliveries retry --error "${first.error_code}" --dry-run`);
}

/** `petpro deliveries list` */
export async function listDeliveries(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'sre');
  if (flagOption(args, 'by_error')) {
    await listErrors(context, args, session);
    return;
  }
  const booking = textOption(args, 'booking');
  const status = flagOption(args, 'dead') ? 'dead' : textOption(args, 'status');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const known = (['pending', 'sending', 'sent', 'dropped', 'dead', 'discarded'] as const).find(
    (word) => word === status,
  );
  const page = await session.client.call('list_deliveries', {
    ...filterOf(args),
    ...(known === undefined ? {} : { status: known }),
    ...(booking === null ? {} : { booking_id: referenceOf(booking) }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'DeliveryList',
    items: page.items,
    columns: [
      { head: 'MADE', text: (one) => moment(one.created_at), whole: true },
      { head: 'CHANNEL', text: (one) => one.channel, whole: true },
      { head: 'TYPE', text: (one) => one.type, whole: true },
      { head: 'STATUS', text: (one) => one.status, whole: true },
      { head: 'REF', text: (one) => one.reference_code ?? '-', whole: true },
      { head: 'TRIES', text: (one) => String(one.attempts), right: true },
      { head: 'CAUSE', text: (one) => (one.status === 'sent' ? '' : (one.error_code ?? '')) },
      { head: 'TO', text: (one) => one.address, wide: true },
      { head: 'ID', text: (one) => one.delivery_id, wide: true },
    ],
    csv,
    name: (one) => one.delivery_id,
    cursor: page.next_cursor,
    empty: known === 'dead' ? 'No message is dead.' : 'No message fits.',
  });
}

function deliveryId(args: Args): string {
  const word = firstWord(args);
  if (isId(word)) return word;
  throw new AppError('invalid_input', `"${word}" is no id of a message.`, {
    next: 'petpro deliveries list -o wide',
  });
}

/** `petpro deliveries show` */
export async function showDelivery(context: Context, args: Args): Promise<undefined> {
  const delivery_id = deliveryId(args);
  const session = openSession(context, 'sre');
  const item = await session.client.call('inspect_delivery', { delivery_id });
  printOne(context, {
    kind: 'Delivery',
    item,
    csv: [...csv, 'provider_id', 'correlation_id'],
    name: item.delivery_id,
    lines: [
      [item.status, `${item.type} by ${item.channel}`],
      ['to', item.address],
      ['booking', item.reference_code ?? ''],
      ['language', item.lang],
      ['tries', `${item.attempts}, and ${item.deferrals} that the provider spoiled`],
      ['made', moment(item.created_at)],
      ['next try', item.next_attempt_at === null ? '' : moment(item.next_attempt_at)],
      ['sent', item.sent_at === null ? '' : moment(item.sent_at)],
      ['dead since', item.dead_at === null ? '' : moment(item.dead_at)],
      ['cause', item.error_code ?? ''],
      ['says', item.error ?? ''],
      ['bounced', item.bounced ?? ''],
      ['attached', item.attached.join(', ')],
      ['provider id', item.provider_id ?? ''],
      ['discarded', item.discard_reason ?? ''],
      ['next', item.status === 'dead' ? `petpro deliveries retry ${item.delivery_id}` : ''],
    ],
  });
}

function showChange(context: Context, change: Change): void {
  printList(context, {
    kind: 'DeliveryChange',
    items: change.items,
    columns: [
      { head: 'CHANNEL', text: (one) => one.channel, whole: true },
      { head: 'TYPE', text: (one) => one.type, whole: true },
      { head: 'REF', text: (one) => one.reference_code ?? '-', whole: true },
      { head: 'CAUSE', text: (one) => one.error_code ?? '' },
      { head: 'OUTCOME', text: (one) => one.outcome, whole: true },
      { head: 'ID', text: (one) => one.delivery_id, wide: true },
    ],
    csv: ['delivery_id', 'channel', 'type', 'reference_code', 'error_code', 'outcome'],
    name: (one) => one.delivery_id,
    empty: 'No dead message fits.',
  });
}

const verbs = {
  retry: { endpoint: 'retry_deliveries', effect: 'sends again', done: 'in line again' },
  discard: { endpoint: 'discard_deliveries', effect: 'gives up', done: 'given up' },
} as const;
type Verb = keyof typeof verbs;

async function carryOut(
  context: Context,
  args: Args,
  session: Session,
  wish: { readonly verb: Verb; readonly plan_id: string; readonly word: string },
): Promise<number> {
  const { verb, plan_id, word } = wish;
  const { endpoint, effect, done } = verbs[verb];
  const reason = await reasonOf(context, args);
  await typeToConfirm(context, args, {
    effect: `This ${effect} the messages of plan ${plan_id} that still hang.`,
    word,
  });
  const change = await session.client.call(endpoint, { plan_id, reason }, callOptions(args));
  showChange(context, change);
  say(context, `${plan_id}: ${change.changed} ${done}, ${change.kept} kept`);
  return change.kept > 0 ? EXIT_PARTIAL : 0;
}

async function changeFitting(
  context: Context,
  args: Args,
  session: Session,
  verb: Verb,
): Promise<number> {
  const max = wholeOption(args, 'max', 1, 1_000);
  const frozen = await session.client.call(verbs[verb].endpoint, {
    dry_run: true,
    ...filterOf(args),
    ...(max === null ? {} : { max }),
  });
  const plan_id = frozen.plan_id ?? '';
  if (!flagOption(args, 'dry_run') && frozen.planned > 0) {
    const word = String(frozen.planned);
    return await carryOut(context, args, session, { verb, plan_id, word });
  }
  showChange(context, frozen);
  if (frozen.planned > 0) {
    const next = `petpro deliveries ${verb} --plan ${plan_id} --reason ..`;
    say(context, `${plan_id}: ${frozen.planned}, for 15 minutes. Next: ${next}`);
  }
  return 0;
}

async function changeOne(context: Context, args: Args, session: Session, verb: Verb) {
  const delivery_id = deliveryId(args);
  const { endpoint, effect } = verbs[verb];
  const dry_run = flagOption(args, 'dry_run');
  const wish = dry_run ? { delivery_id, dry_run } : { delivery_id };
  if (dry_run) {
    showChange(context, await session.client.call(endpoint, wish));
    return 0;
  }
  const reason = await reasonOf(context, args);
  const word = delivery_id.slice(-6);
  await typeToConfirm(context, args, { effect: `This ${effect} one message.`, word });
  const change = await session.client.call(endpoint, { ...wish, reason }, callOptions(args));
  showChange(context, change);
  return change.kept > 0 ? EXIT_PARTIAL : 0;
}

function changer(verb: Verb): Run {
  return async (context, args) => {
    const plan_id = textOption(args, 'plan');
    const is_one = args.positional.length > 0;
    const is_filter = flagOption(args, 'dead') || Object.keys(filterOf(args)).length > 0;
    if ([is_one, plan_id !== null, is_filter].filter(Boolean).length !== 1) {
      const detail = 'Say one message, --dead, --error or --channel for many, or --plan.';
      const next = `petpro deliveries ${verb} --dead --dry-run`;
      throw new AppError('invalid_input', detail, { next });
    }
    if (plan_id !== null && flagOption(args, 'dry_run')) {
      throw new AppError('invalid_input', '--dry-run makes a plan, --plan carries one out.');
    }
    const session = openSession(context, 'sre');
    if (is_one) return await changeOne(context, args, session, verb);
    if (plan_id === null) return await changeFitting(context, args, session, verb);
    return await carryOut(context, args, session, { verb, plan_id, word: plan_id });
  };
}

export const retryDeliveries = changer('retry');
export const discardDeliveries = changer('discard');

const channel_csv = [
  'channel',
  'waiting',
  'later',
  'dead',
  'sent_last_hour',
  'oldest_due_at',
  'paused_at',
  'pause_reason',
];

const circuitText = ({ providers }: ChannelState) =>
  providers
    .map((one) => `${one.provider} ${one.is_configured ? one.circuit : 'not configured'}`)
    .join(', ');

function showChannels(context: Context, items: readonly ChannelState[]): void {
  printList(context, {
    kind: 'ChannelList',
    items,
    columns: [
      { head: 'CHANNEL', text: (one) => one.channel, whole: true },
      { head: 'WAITING', text: (one) => String(one.waiting), right: true },
      { head: 'LATER', text: (one) => String(one.later), right: true },
      { head: 'DEAD', text: (one) => String(one.dead), right: true },
      { head: 'SENT 1H', text: (one) => String(one.sent_last_hour), right: true },
      { head: 'OLDEST', text: (one) => moment(one.oldest_due_at), whole: true },
      { head: 'PAUSED', text: (one) => one.pause_reason ?? '-' },
      { head: 'CIRCUITS', text: circuitText },
    ],
    csv: channel_csv,
    name: (one) => one.channel,
  });
}

/** `petpro deliveries channels` */
export async function listChannels(context: Context): Promise<undefined> {
  const session = openSession(context, 'sre');
  showChannels(context, (await session.client.call('list_channels', {})).items);
}

/** `petpro deliveries pause` */
export async function pauseChannel(context: Context, args: Args): Promise<undefined> {
  const channel = channelNamed(firstWord(args));
  const session = openSession(context, 'sre');
  const reason = await reasonOf(context, args);
  const effect = `Nothing goes out by ${channel} until it is resumed.`;
  await typeToConfirm(context, args, { effect, word: channel });
  const wish = { channel, reason };
  showChannels(context, [await session.client.call('pause_channel', wish, callOptions(args))]);
}

/** `petpro deliveries resume` */
export async function resumeChannel(context: Context, args: Args): Promise<undefined> {
  const channel = channelNamed(firstWord(args));
  const reason = textOption(args, 'reason');
  const session = openSession(context, 'sre');
  const wish = reason === null ? { channel } : { channel, reason };
  showChannels(context, [await session.client.call('resume_channel', wish, callOptions(args))]);
}
