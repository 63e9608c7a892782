import { daySheet, type SheetAsk } from '../domain/day-sheet.ts';
import { AppError } from '../domain/errors.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { printOne } from './output.ts';
import { deviceOf } from './paper-out.ts';
import { COPIES_MAX, printPages, spellingFor, widthFor } from './print-pages.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro today --print`: the day sheet on paper. */

/** Flags that say how it is printed, and mean nothing without --print. */
const print_flags = ['copies', 'width', 'device', 'each_vet'] as const;

/** Refuses what does not go together before anything is asked of the daemon. */
export function checkPrintFlags(args: Args): void {
  if (flagOption(args, 'print')) {
    // Read now, so that a wrong one costs no paper and no request.
    deviceOf(textOption(args, 'device') ?? 'lp');
    wholeOption(args, 'copies', 1, COPIES_MAX);
    if (textOption(args, 'watch') === null) return;
    throw new AppError('invalid_input', '--print prints once: leave --watch away.');
  }
  const stray = print_flags.find((name) => args.options[name] !== undefined);
  if (stray === undefined) return;
  const flag = `--${stray.replaceAll('_', '-')}`;
  throw new AppError('invalid_input', `${flag} is about paper: say --print too.`, {
    next: `petpro today --print ${flag} ..`,
  });
}

/** Prints the day that has been read. */
export async function printDay(
  context: Context,
  args: Args,
  sheet: Pick<SheetAsk, 'day' | 'lang' | 'staff_id' | 'is_saved'>,
): Promise<void> {
  const { config } = context;
  const device = deviceOf(textOption(args, 'device') ?? config.printer);
  const copies = wholeOption(args, 'copies', 1, COPIES_MAX) ?? 1;
  const { day, lang } = sheet;
  const spell = spellingFor(device, config.printer_charset, lang);
  const { title, pages } = daySheet({
    ...sheet,
    width: widthFor(textOption(args, 'width'), device),
    per_vet: flagOption(args, 'each_vet'),
    printed_at: Temporal.Now.instant(),
    ...(spell === null ? {} : { spell }),
  });
  const paper = { title, pages, lang, copies };
  const { said, warning } = await printPages(paper, device, config.printer_charset, context.signal);
  if (warning !== null) say(context, `warning: ${warning}`);
  if (isForPeople(context)) {
    const count = pages.length === 1 ? '1 page' : `${pages.length} pages`;
    return say(context, `${said} ${title}: ${count}${copies > 1 ? `, ${copies} copies` : ''}.`);
  }
  const item = { title, date: day.date, page_count: pages.length, copies, device: device.kind };
  const csv = Object.keys(item);
  printOne(context, { kind: 'PrintJob', item, csv, name: title, lines: [], as_of: day.as_of });
}
