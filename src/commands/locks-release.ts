import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions } from './choice.ts';
import { type Context, say } from './context.ts';
import { keyOf, type LockItem, lockLines, olderThan, slotText } from './locks.ts';
import { type Ops, withOps } from './ops.ts';
import { printList, printOne } from './output.ts';
import { EXIT_PARTIAL, reasonOf, typeToConfirm } from './severe.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro locks release` and `cleanup`. Severe: a lock protects somebody until the contrary is shown. */

type Cleanup = Output<'cleanup_locks'>;

const MAX_MOST = 1_000;

/** Digits of the slot's time; whoever releases a lock without a slot types what it is. */
function wordFor(lock: LockItem): string {
  return lock.starts_at === null ? lock.class : lock.starts_at.slice(11, 16).replace(':', '');
}

function effectOf(lock: LockItem): string {
  const what = lock.starts_at === null ? lock.key : `the lock of ${slotText(lock)}`;
  const end =
    lock.reservation_status === 'pending'
      ? ` and cancels the hold ${lock.reference_code ?? lock.reservation_id}`
      : '';
  return `This releases ${what} (${lock.class}, ${lock.cause})${end}.`;
}

async function releaseOne(context: Context, args: Args, ops: Ops, words: string): Promise<void> {
  const key = await keyOf(ops, words);
  const lock = await ops.call('inspect_lock', { key });
  const is_rehearsal = flagOption(args, 'dry_run');
  const request = {
    key,
    token: textOption(args, 'token') ?? lock.token,
    cancel_reservation: flagOption(args, 'cancel_reservation'),
    foreign: flagOption(args, 'foreign'),
  };
  const given = textOption(args, 'reason') ?? 'dry run';
  // What would be refused is refused before anybody is asked.
  const plan = await ops.call('release_lock', { ...request, reason: given, dry_run: true });
  const show = (result: typeof plan, verb: string) =>
    printOne(context, {
      kind: 'LockRelease',
      item: result,
      csv: ['key', 'class', 'cause', 'dry_run', 'released', 'cancelled_reservation'],
      name: result.key,
      lines: [
        [verb, result.key],
        ...lockLines(lock),
        ['hold', result.cancelled_reservation ? 'cancelled with it' : ''],
      ],
    });
  if (is_rehearsal) {
    show(plan, 'Would release');
    say(context, 'Nothing was changed.');
    return;
  }
  const reason = await reasonOf(context, args);
  await typeToConfirm(context, args, { effect: effectOf(lock), word: wordFor(lock) });
  const done = await ops.call('release_lock', { ...request, reason }, callOptions(args));
  show(done, 'Released');
}

function showCleanup(context: Context, result: Cleanup): void {
  printList(context, {
    kind: 'LockCleanup',
    items: result.items,
    columns: [
      { head: 'SLOT', text: slotText, whole: true },
      { head: 'CAUSE', text: (item) => item.cause, whole: true },
      { head: 'OUTCOME', text: (item) => item.outcome, whole: true },
      { head: 'WHY', text: (item) => item.why ?? '-' },
      { head: 'KEY', text: (item) => item.key },
    ],
    csv: ['key', 'clinic_code', 'starts_at', 'cause', 'outcome', 'why'],
    name: (item) => item.key,
    empty: 'Nothing has leaked.',
  });
}

/** Carries a plan out, and says what was kept. */
async function carryOut(
  context: Context,
  args: Args,
  ops: Ops,
  plan: { readonly plan_id: string; readonly effect: string; readonly word: string },
): Promise<number> {
  const reason = await reasonOf(context, args);
  await typeToConfirm(context, args, plan);
  const { plan_id } = plan;
  const done = await ops.call('cleanup_locks', { plan_id, reason }, callOptions(args));
  showCleanup(context, done);
  say(context, `${plan_id}: ${done.released} released, ${done.kept} kept`);
  return done.kept > 0 ? EXIT_PARTIAL : 0;
}

async function cleanup(context: Context, args: Args, ops: Ops): Promise<number> {
  const planned = textOption(args, 'plan');
  const is_rehearsal = flagOption(args, 'dry_run');
  if (planned !== null && is_rehearsal) {
    throw new AppError('invalid_input', '--dry-run makes a plan, --plan carries one out.');
  }
  if (planned !== null) {
    const effect = `This releases the locks of plan ${planned} that are still leaked.`;
    return await carryOut(context, args, ops, { plan_id: planned, effect, word: planned });
  }
  const max = wholeOption(args, 'max', 1, MAX_MOST);
  const frozen = await ops.call('cleanup_locks', {
    dry_run: true,
    ...olderThan(args),
    ...(max === null ? {} : { max }),
  });
  const plan_id = frozen.plan_id ?? '';
  if (is_rehearsal || frozen.planned === 0) {
    showCleanup(context, frozen);
    if (frozen.planned > 0) {
      const next = `petpro locks cleanup --plan ${plan_id} --reason ..`;
      say(
        context,
        `${plan_id}: ${frozen.planned} locks, until ${frozen.expires_at}. Next: ${next}`,
      );
    }
    return 0;
  }
  const word = String(frozen.planned);
  const first = frozen.items.slice(0, 3).map(slotText).join(', ');
  const effect = `This releases ${word} leaked ${word === '1' ? 'lock' : 'locks'}: ${first}${frozen.planned > 3 ? ', ..' : ''}.`;
  return await carryOut(context, args, ops, { plan_id, effect, word });
}

/** `petpro locks cleanup` */
export async function cleanupLocks(context: Context, args: Args): Promise<number> {
  return await withOps(context, args, async (ops) => await cleanup(context, args, ops));
}

/** `petpro locks release`: one lock, or with --leaked those that leaked. */
export async function releaseLocks(context: Context, args: Args): Promise<number> {
  const [words] = args.positional;
  const is_bulk = flagOption(args, 'leaked');
  if (is_bulk === (words !== undefined)) {
    throw new AppError('invalid_input', 'Say one lock, or --leaked for those that leaked.', {
      next: 'petpro locks list',
    });
  }
  if (words === undefined) {
    const misplaced = ['foreign', 'cancel_reservation', 'token'].filter(
      (name) => args.options[name] !== undefined,
    );
    if (misplaced.length === 0) return await cleanupLocks(context, args);
    const flags = misplaced.map((name) => `--${name.replaceAll('_', '-')}`).join(', ');
    throw new AppError('invalid_input', `${flags} is for one lock, not for --leaked.`);
  }
  const bulk_only = ['max', 'older_than', 'plan'].filter(
    (name) => args.options[name] !== undefined,
  );
  if (bulk_only.length > 0) {
    const flags = bulk_only.map((name) => `--${name.replaceAll('_', '-')}`).join(', ');
    throw new AppError('invalid_input', `${flags} is for --leaked, not for one lock.`);
  }
  await withOps(context, args, async (ops) => await releaseOne(context, args, ops, words));
  return 0;
}
