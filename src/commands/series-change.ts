import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { parseTime } from '../domain/when.ts';
import { callOptions, isForPeople, versionField } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { staffOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { othersText } from './series-create.ts';
import { scopeFields, seriesRef, shiftOf } from './series-words.ts';
import { openSession } from './session.ts';
import { typeToConfirm } from './severe.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro series move` and `cancel`: the quote first, then the question, then the version that was quoted. */

type Move = Output<'move_series'>;
type Cancellation = Output<'cancel_series'>;

/** From here on the number of visits has to be typed. ux §2, danger tiers. */
const BULK = 20;

const guestOf = ({ pet_name, owner_name }: Output<'get_series'>) => pet_name ?? owner_name ?? '-';

async function openSeries(context: Context, args: Args) {
  const ref = seriesRef(args);
  const session = openSession(context);
  const series = await session.client.call('get_series', { series_id: ref });
  const clinic = await session.client.call('get_clinic', { clinic_id: series.clinic_id });
  const reason = textOption(args, 'reason');
  const request = {
    series_id: ref,
    ...scopeFields(args, ref),
    by: textOption(args, 'by') === 'clinic' ? ('clinic' as const) : ('owner' as const),
    ...(reason === null ? {} : { reason }),
    ...versionField(args),
  };
  return { session, series, clinic, look: lookOf(context, clinic), request };
}

async function confirm(context: Context, args: Args, effect: string, count: number) {
  if (count > BULK) {
    await typeToConfirm(context, args, { effect, word: String(count) });
    return;
  }
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes'),
    next: 'add --yes, or --dry-run to see the visits',
  });
}

const isWhole = (context: Context) =>
  !isForPeople(context) && context.mode !== 'csv' && context.mode !== 'jsonl';

function showCancelled(context: Context, look: Look, done: Cancellation): void {
  if (isWhole(context)) {
    const name = done.series_code;
    const kind = 'SeriesCancellation';
    printOne(context, { kind, item: done, csv: [], name, as_of: look.now(), lines: [] });
    return;
  }
  printList(context, {
    kind: 'SeriesCancellation',
    items: done.cancelled,
    columns: [
      { head: '#', text: (one) => String(one.position), right: true },
      { head: 'DAY AND TIME', text: (one) => look.moment(one.starts_at), whole: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
      {
        head: 'BACK',
        text: (one) => `${look.money(one.refund_amount, done.currency)} (${one.refund_percent} %)`,
        right: true,
      },
    ],
    csv: ['position', 'starts_at', 'reference_code', 'refund_percent', 'refund_amount'],
    name: (one) => one.reference_code,
    as_of: look.now(),
    empty: 'No visit is cancelled.',
  });
}

/** `petpro series cancel` */
export async function cancelSeries(context: Context, args: Args): Promise<undefined> {
  const { session, series, look, request } = await openSeries(context, args);
  const wish = { ...request, ...(flagOption(args, 'now') ? { now: true } : {}) };
  const quote = await session.client.call('cancel_series', { ...wish, quote: true });
  const count = quote.cancelled.length;
  const what = `${count} of ${series.visits_left} visits to come of ${series.series_code} (${guestOf(series)}, ${series.service_name})`;
  const back = `${look.money(quote.refund_amount, quote.currency)} come back`;
  if (flagOption(args, 'dry_run')) {
    showCancelled(context, look, quote);
    say(context, `This would cancel ${what}; ${back}. Nothing was changed.`);
    return;
  }
  if (isForPeople(context)) showCancelled(context, look, quote);
  await confirm(context, args, `This cancels ${what}; ${back}.`, count);
  const expected_version = request.expected_version ?? quote.version;
  const done = await session.client.call(
    'cancel_series',
    { ...wish, expected_version },
    callOptions(args),
  );
  if (!isForPeople(context)) showCancelled(context, look, done);
  say(context, `Cancelled ${what}; ${back}.`);
  if (done.undo_until !== null && isForPeople(context)) {
    const until = look.time(done.undo_until);
    const next = `petpro undo ${done.cancelled[0]?.reference_code ?? ''}`;
    say(context, `The owner is told at ${until}; until then each can be taken back: ${next}`);
  }
}

function showMoved(context: Context, look: Look, done: Move): void {
  if (isWhole(context)) {
    const name = done.series_code;
    printOne(context, {
      kind: 'SeriesMove',
      item: done,
      csv: [],
      name,
      as_of: look.now(),
      lines: [],
    });
    return;
  }
  const moved = done.moved.map((one) => ({
    ...one,
    from: look.moment(one.previous_starts_at),
    to: `${look.moment(one.starts_at)} ${one.staff_name ?? ''}`.trim(),
    others: '',
  }));
  const stay = done.conflicts.map((one) => ({
    position: one.position,
    reference_code: one.reference_code ?? '-',
    starts_at: `${one.date}T${one.time}`,
    from: '(stays)',
    to: `${one.date} ${one.time}: ${one.reason}`,
    refund_amount: '',
    due_amount: '',
    others: one.alternatives.length === 0 ? one.detail : othersText(look, one),
  }));
  printList(context, {
    kind: 'SeriesMove',
    items: [...moved, ...stay].toSorted((a, b) => a.position - b.position),
    columns: [
      { head: '#', text: (one) => String(one.position), right: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
      { head: 'FROM', text: (one) => one.from, whole: true },
      { head: 'TO', text: (one) => one.to, whole: true },
      { head: 'OTHER TIMES', text: (one) => one.others },
    ],
    csv: ['position', 'reference_code', 'from', 'to', 'refund_amount', 'due_amount', 'others'],
    name: (one) => one.reference_code,
    as_of: look.now(),
    empty: 'No visit moves.',
  });
}

/** Money is told where the move changes it. */
function moveMoney(look: Look, { moved, refund_amount, due_amount, currency }: Move): string {
  const is_dearer = moved.some(({ amount, previous_amount }) => amount !== previous_amount);
  const parts = [
    [Number(refund_amount) > 0, refund_amount, 'come back'],
    [is_dearer && Number(due_amount) > 0, due_amount, 'are due at the visits'],
  ] as const;
  const told = parts.filter(([is_told]) => is_told);
  return told.map(([, amount, what]) => `; ${look.money(amount, currency)} ${what}`).join('');
}

/** `petpro series move` */
export async function moveSeries(context: Context, args: Args): Promise<undefined> {
  const days = shiftOf(textOption(args, 'shift'));
  const text = textOption(args, 'time');
  const time = text === null ? null : parseTime(text);
  const { session, series, clinic, look, request } = await openSeries(context, args);
  const staff = staffOf(clinic, textOption(args, 'vet'));
  if (days === 0 && time === null && staff === null) {
    throw new AppError('invalid_input', 'Say where to: --shift, --time or --vet.', {
      next: `petpro series move ${series.series_code} --shift +1d --dry-run`,
    });
  }
  const wish = {
    ...request,
    days,
    ...(time === null ? {} : { time }),
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    skip_conflicts: flagOption(args, 'skip_conflicts'),
  };
  const quote = await session.client
    .call('move_series', { ...wish, quote: true })
    .catch((error: unknown) => {
      if (!(error instanceof AppError) || error.facts['conflicts'] === undefined) throw error;
      const next = 'the same with --skip-conflicts, or with another --shift, --time or --vet';
      throw new AppError(error.code, error.detail, { ...error.facts, next }, { cause: error });
    });
  const stay = quote.conflicts.length === 0 ? '' : `, ${quote.conflicts.length} stay`;
  const what = `${quote.moved.length} visits of ${series.series_code} (${guestOf(series)}, ${series.service_name})${stay}`;
  if (flagOption(args, 'dry_run')) {
    showMoved(context, look, quote);
    say(context, `This would move ${what}${moveMoney(look, quote)}. Nothing was changed.`);
    return;
  }
  if (isForPeople(context)) showMoved(context, look, quote);
  await confirm(context, args, `This moves ${what}${moveMoney(look, quote)}.`, quote.moved.length);
  const expected_version = request.expected_version ?? quote.version;
  const done = await session.client.call(
    'move_series',
    { ...wish, expected_version },
    callOptions(args),
  );
  if (!isForPeople(context)) showMoved(context, look, done);
  say(context, `Moved ${what}${moveMoney(look, done)}. The owner gets one mail about all of them.`);
}
