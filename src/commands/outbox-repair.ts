import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord } from './choice.ts';
import { type Context, say } from './context.ts';
import { type Ops, withOps } from './ops.ts';
import { typeOf } from './outbox.ts';
import { printList, printOne } from './output.ts';
import { EXIT_PARTIAL, reasonOf, typeToConfirm } from './severe.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro outbox retry`, `replay`, `stop` and `prune`: how hanging events go on, and old ones go. */

type Retry = Output<'retry_outbox'>;
type Replay = Output<'replay_outbox'>;

const RATE_MAX = 1_000;

/** `20` or `20/s`; null = the server's default. */
function rateOf(args: Args): number | null {
  const text = textOption(args, 'rate');
  if (text === null) return null;
  const value = Number(/^(\d{1,4})(\/s)?$/.exec(text)?.[1] ?? 0);
  if (value >= 1 && value <= RATE_MAX) return value;
  throw new AppError('invalid_input', `--rate takes 1/s to ${RATE_MAX}/s, not "${text}".`);
}

function showRetry(context: Context, result: Retry): void {
  printList(context, {
    kind: 'OutboxRetry',
    items: result.items,
    columns: [
      { head: 'SEQUENCE', text: (one) => String(one.sequence ?? '-'), right: true, whole: true },
      { head: 'TYPE', text: (one) => one.event_type, whole: true },
      { head: 'ERROR', text: (one) => one.error_code ?? '' },
      { head: 'OUTCOME', text: (one) => one.outcome, whole: true },
      { head: 'ID', text: (one) => one.event_id },
    ],
    csv: ['event_id', 'sequence', 'event_type', 'error_code', 'outcome'],
    name: (one) => one.event_id,
    empty: 'No dead event fits.',
  });
}

async function carryOut(
  context: Context,
  args: Args,
  ops: Ops,
  plan: { readonly plan_id: string; readonly effect: string; readonly word: string },
): Promise<number> {
  const per_second = rateOf(args);
  const reason = await reasonOf(context, args);
  await typeToConfirm(context, args, plan);
  const { plan_id } = plan;
  const wish = { plan_id, reason, ...(per_second === null ? {} : { per_second }) };
  const done = await ops.call('retry_outbox', wish, callOptions(args));
  showRetry(context, done);
  say(context, `${plan_id}: ${done.retried} in line again, ${done.kept} kept`);
  return done.kept > 0 ? EXIT_PARTIAL : 0;
}

async function retryFitting(context: Context, args: Args, ops: Ops): Promise<number> {
  const [event_id] = args.positional;
  const error_code = textOption(args, 'error');
  const event_type = typeOf(args);
  const max = wholeOption(args, 'max', 1, 1_000);
  const frozen = await ops.call('retry_outbox', {
    dry_run: true,
    ...(event_id === undefined ? {} : { event_id }),
    ...(error_code === null ? {} : { error_code }),
    ...(event_type === undefined ? {} : { event_type }),
    ...(max === null ? {} : { max }),
  });
  const plan_id = frozen.plan_id ?? '';
  if (flagOption(args, 'dry_run') || frozen.planned === 0) {
    showRetry(context, frozen);
    if (frozen.planned > 0) {
      const next = `petpro outbox retry --plan ${plan_id} --reason ..`;
      const count = `${frozen.planned} ${frozen.planned === 1 ? 'event' : 'events'}`;
      say(context, `${plan_id}: ${count}, until ${frozen.expires_at}. Next: ${next}`);
    }
    return 0;
  }
  const word = String(frozen.planned);
  const effect = `This publishes ${word} dead ${word === '1' ? 'event' : 'events'}; owners may get messages of then.`;
  return await carryOut(context, args, ops, { plan_id, effect, word });
}

/** `petpro outbox retry` */
export async function retryOutbox(context: Context, args: Args): Promise<number> {
  const plan_id = textOption(args, 'plan');
  const names = [
    args.positional.length > 0,
    plan_id !== null,
    flagOption(args, 'dead') || args.options['error'] !== undefined,
  ];
  if (names.filter(Boolean).length !== 1) {
    throw new AppError('invalid_input', 'Say one event, --dead for all that fit, or --plan.', {
      next: 'petpro outbox retry --dead --dry-run',
    });
  }
  if (plan_id !== null && flagOption(args, 'dry_run')) {
    throw new AppError('invalid_input', '--dry-run makes a plan, --plan carries one out.');
  }
  rateOf(args);
  return await withOps(context, args, async (ops) => {
    if (plan_id === null) return await retryFitting(context, args, ops);
    const effect = `This publishes the events of plan ${plan_id} that are still dead.`;
    return await carryOut(context, args, ops, { plan_id, effect, word: plan_id });
  });
}

const replay_csv = [
  'replay_id',
  'status',
  'target',
  'from_sequence',
  'to_sequence',
  'per_second',
  'events',
  'sent',
  'sent_through',
  'reason',
  'error',
  'created_at',
  'ended_at',
];

function showReplay(context: Context, replay: Replay): void {
  printOne(context, {
    kind: 'Replay',
    item: replay,
    csv: replay_csv,
    name: replay.replay_id ?? 'planned',
    lines: [
      [replay.status, replay.replay_id ?? ''],
      ['range', `${replay.from_sequence} to ${replay.to_sequence}, ${replay.events} events`],
      ['to', replay.target],
      ['rate', `${replay.per_second}/s`],
      ['sent', replay.sent === 0 ? '' : `${replay.sent}, through ${replay.sent_through}`],
      ['error', replay.error ?? ''],
    ],
  });
}

function rangeOf(args: Args) {
  const event_id = textOption(args, 'id');
  const from_sequence = wholeOption(args, 'from', 1, 999_999_999);
  const to_sequence = wholeOption(args, 'to', 1, 999_999_999);
  const next = 'petpro outbox replay --from 1 --to 100 --dry-run';
  if (event_id !== null) {
    if (from_sequence === null && to_sequence === null) return { event_id };
    throw new AppError('invalid_input', '--id is one event; --from and --to are a range.', {
      next,
    });
  }
  if (from_sequence === null || to_sequence === null) {
    throw new AppError('invalid_input', 'Say --from and --to, or --id.', { next });
  }
  return { from_sequence, to_sequence };
}

/** `petpro outbox replay` */
export async function replayOutbox(context: Context, args: Args): Promise<undefined> {
  const range = rangeOf(args);
  const per_second = rateOf(args);
  const word = textOption(args, 'target');
  const target = (['stream', 'webhooks', 'all'] as const).find((known) => known === word);
  const wish = {
    ...range,
    ...(per_second === null ? {} : { per_second }),
    ...(target === undefined ? {} : { target }),
  };
  await withOps(context, args, async (ops) => {
    const plan = await ops.call('replay_outbox', { ...wish, dry_run: true });
    if (flagOption(args, 'dry_run')) {
      showReplay(context, plan);
      say(context, 'Nothing was sent.');
      return;
    }
    const reason = await reasonOf(context, args);
    const effect = `This sends ${plan.events} events to other services again (${plan.target}).`;
    await typeToConfirm(context, args, { effect, word: String(plan.events) });
    const replay = await ops.call('replay_outbox', { ...wish, reason }, callOptions(args));
    showReplay(context, replay);
    say(context, `Next: petpro outbox replays, petpro outbox stop ${replay.replay_id}`);
  });
  return undefined;
}

/** `petpro outbox replays` */
export async function listReplays(context: Context, args: Args): Promise<undefined> {
  await withOps(context, args, async (ops) => {
    const { items } = await ops.call('list_replays', {});
    printList(context, {
      kind: 'ReplayList',
      items,
      columns: [
        { head: 'REPLAY', text: (one) => one.replay_id ?? '', whole: true },
        { head: 'STATUS', text: (one) => one.status, whole: true },
        { head: 'FROM', text: (one) => String(one.from_sequence), right: true },
        { head: 'TO', text: (one) => String(one.to_sequence), right: true },
        { head: 'SENT', text: (one) => String(one.sent), right: true },
        { head: 'OF', text: (one) => String(one.events), right: true },
        { head: 'TARGET', text: (one) => one.target },
        { head: 'WHY', text: (one) => one.reason ?? '' },
        { head: 'ERROR', text: (one) => one.error ?? '' },
      ],
      csv: replay_csv,
      name: (one) => one.replay_id ?? '',
      empty: 'Nothing was replayed yet.',
    });
  });
  return undefined;
}

/** `petpro outbox stop` */
export async function stopReplay(context: Context, args: Args): Promise<undefined> {
  const replay_id = firstWord(args).toUpperCase();
  const reason = textOption(args, 'reason');
  await withOps(context, args, async (ops) => {
    const wish = { replay_id, ...(reason === null ? {} : { reason }) };
    showReplay(context, await ops.call('stop_replay', wish, callOptions(args)));
  });
  return undefined;
}

/** `petpro outbox prune` */
export async function pruneOutbox(context: Context, args: Args): Promise<undefined> {
  const older_than_days = wholeOption(args, 'older_than_days', 7, 3_650);
  const max = wholeOption(args, 'max', 1, 100_000);
  const wish = {
    ...(older_than_days === null ? {} : { older_than_days }),
    ...(max === null ? {} : { max }),
  };
  const show = (result: Output<'prune_outbox'>, verb: string, count: number) =>
    printOne(context, {
      kind: 'OutboxPruning',
      item: result,
      csv: ['dry_run', 'older_than_days', 'matching', 'pruned', 'first_sequence'],
      name: String(count),
      lines: [
        [verb, `${count} published events older than ${result.older_than_days} days`],
        ['oldest left', result.first_sequence === null ? 'none' : String(result.first_sequence)],
      ],
    });
  await withOps(context, args, async (ops) => {
    const plan = await ops.call('prune_outbox', { ...wish, dry_run: true });
    const count = Math.min(plan.matching, max ?? 10_000);
    if (flagOption(args, 'dry_run') || count === 0) {
      show(plan, 'Would forget', count);
      return;
    }
    const reason = await reasonOf(context, args);
    const effect = `This forgets ${count} events for good; feeds that stand before them get a gap.`;
    await typeToConfirm(context, args, { effect, word: String(count) });
    const done = await ops.call('prune_outbox', { ...wish, reason }, callOptions(args));
    show(done, 'Forgot', done.pruned);
  });
  return undefined;
}
