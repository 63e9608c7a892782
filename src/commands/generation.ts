import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { isForPeople } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf, shortId } from './format.ts';
import { printList } from './output.ts';
import type { Clinic } from './session.ts';
import { type Args, flagOption } from './spec.ts';

/** What people are told of slots that follow hours. */

type Report = Output<'generate_slots'>;
type Item = Report['items'][number];

const changes: Readonly<Record<Item['change'], string>> = {
  kept: 'stays',
  overlap: 'not opened',
  close: 'closed',
  open: 'opened',
  reopen: 'opened again',
};

const gap_words: Readonly<Record<Report['gaps'][number]['reason'], string>> = {
  clock_skips: 'the clock skips that time',
  clock_repeats: 'the clock shows that time twice; the first is sold',
  closed: 'closed that day',
  holiday: 'public holiday',
  vet_away: 'the vet is away that day',
  clinic_closed: 'outside the hours of the clinic',
  vet_not_in: 'outside the hours of the vet',
  break: 'break',
  time_off: 'time off of the vet',
  too_short: 'no room for a whole visit',
};

/** Lines shown to people; `-o json` has them all. */
const LINES = 40;

function whyText({ change, reference_codes }: Item): string {
  const who = reference_codes.length > 0 ? reference_codes.join(', ') : '';
  if (change === 'kept') return `fits no longer, but is taken: ${who}`;
  if (change === 'overlap')
    return who === '' ? 'another slot or time off lies there' : `taken: ${who}`;
  return '';
}

function sumsText(report: Report): string {
  const would = report.dry_run ? 'would be ' : '';
  const parts = [
    [report.opened + report.reopened, `${would}opened`],
    [report.closed, `${would}closed`],
    [report.kept, 'stay although they fit no longer'],
    [report.overlaps, 'not opened, as something is in the way'],
    [report.unchanged, 'as they were'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? 'the hours ask for no slot' : told.join(', ');
}

/** The slots that change, what is hit first; then the sums and the reasons of gaps. */
export function printGeneration(context: Context, clinic: Clinic, report: Report): void {
  const look = lookOf(context, clinic);
  if (!isForPeople(context)) {
    const rest = {
      kind: 'SlotGeneration',
      columns: [],
      csv: ['change', 'starts_at', 'service_name', 'staff_name', 'slot_id', 'reference_codes'],
      name: () => report.clinic_id,
      as_of: look.now(),
    };
    if (context.mode === 'json') printList(context, { ...rest, items: [report] });
    else printList(context, { ...rest, items: report.items });
    return;
  }
  const shown = report.items.slice(0, LINES);
  printList(context, {
    kind: 'SlotGeneration',
    items: shown,
    columns: [
      { head: 'DAY AND TIME', text: (item) => `${item.date} ${item.time}`, whole: true },
      { head: 'SERVICE', text: (item) => item.service_name },
      { head: 'VET', text: (item) => item.staff_name ?? '-' },
      {
        head: report.dry_run ? 'WOULD BE' : 'WAS',
        text: (item) => changes[item.change],
        whole: true,
      },
      { head: 'WHY', text: whyText },
      {
        head: 'SLOT',
        text: (item) => (item.slot_id === null ? '-' : shortId(context, item.slot_id)),
      },
    ],
    csv: [],
    name: () => report.clinic_id,
    empty: 'No slot changes.',
  });
  const rest = report.items.length - shown.length + report.items_left_out;
  if (rest > 0) say(context, `.. and ${rest} more; -o json tells of ${report.items.length}.`);
  say(context, `${report.from} to ${report.until}: ${sumsText(report)}.`);
  for (const { reason, count, first } of report.gaps) {
    say(context, `no slot ${count} times: ${gap_words[reason]} (first ${first})`);
  }
  if (report.dry_run) say(context, 'Nothing was changed.');
  if (!report.complete) say(context, 'There is more to do.\nnext: the same command again');
}

/**
 * Changes to hours show their effect first: the dry run is asked for, told in a sentence, and then the change is
 * made. Only what closes slots needs a yes.
 */
export async function rehearseAndDo(
  context: Context,
  clinic: Clinic,
  args: Args,
  call: (dry_run: boolean) => Promise<Report>,
): Promise<void> {
  if (flagOption(args, 'dry_run')) {
    printGeneration(context, clinic, await call(true));
    return;
  }
  if (!flagOption(args, 'yes')) {
    const { closed, kept } = await call(true);
    if (closed > 0) {
      const stay = kept > 0 ? ` ${kept} with visits stay.` : '';
      await confirmOrFail(context, `This closes ${closed} free slots.${stay}`, {
        yes: false,
        next: 'add --yes, or --dry-run to see them',
      });
    }
  }
  printGeneration(context, clinic, await call(false));
}

/** Whole minutes of `30m`, `2h`, `1d` or `0`. */
export function minutesOption(flag: string, text: string): number {
  const match = /^(\d{1,5})(m|h|d)?$/.exec(text.trim());
  const size = match?.[2] === 'd' ? 1_440 : match?.[2] === 'h' ? 60 : 1;
  const is_bare = match !== null && match[2] === undefined && match[1] !== '0';
  if (match === null || is_bare) {
    throw new AppError(
      'invalid_input',
      `${flag} takes a time such as 30m, 2h or 1d, not "${text}".`,
    );
  }
  return Number(match[1]) * size;
}
