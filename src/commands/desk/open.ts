import { AppError } from '../../domain/errors.ts';
import type { Context } from '../context.ts';
import { lookOf } from '../format.ts';
import { clinicOf } from '../lookup.ts';
import { langOf, openSession, readDemo } from '../session.ts';
import { type Args, flagOption } from '../spec.ts';
import type { Desk } from './desk.ts';
import { maskLine } from './history.ts';
import { openLines } from './lines.ts';
import { greet, sit } from './sitting.ts';
import { makeTalk } from './talk.ts';
import { deskWordsOf } from './words.ts';

/** `petpro desk`: the desk as lines of text, for slow links, plain terminals, screen readers and scripts. ux §3. */

const EXIT_INTERRUPT = 130;

function refuseModes(context: Context): void {
  const { mode } = context;
  if (['table', 'wide', 'jsonl', 'none'].includes(mode)) return;
  const detail = `petpro desk speaks in sentences and has no output ${mode}.`;
  throw new AppError('invalid_input', detail, { next: 'petpro desk -o jsonl' });
}

export async function openDesk(context: Context, args: Args): Promise<number> {
  const { io, config, mode, no_input } = context;
  refuseModes(context);
  const input = io.input?.();
  if (input === undefined)
    throw new AppError('input_needed', 'petpro desk reads lines from stdin.');
  const session = openSession(context);
  const { role } = await session.client.call('get_me', {});
  if (role === 'customer') {
    const detail = 'The line mode is for the people of a clinic.';
    throw new AppError('forbidden', detail, { next: 'petpro bookings list' });
  }
  const clinic = await clinicOf(session);
  const is_demo = readDemo(config)?.url === session.url;
  // A clinic's desk reads the clinic's language; whoever tries the demo reads their own.
  const lang = is_demo ? config.lang : langOf(context, clinic);
  const words = deskWordsOf(lang);
  const is_programs = mode === 'jsonl' || mode === 'none';
  const is_tty = input.is_tty && !is_programs;
  const lines = openLines(input.stream);
  const talk = makeTalk({
    io,
    lines,
    words,
    can_ask: !no_input && (is_tty || flagOption(args, 'ask')),
    is_tty,
    wraps: io.is_tty && !config.accessible,
    is_quiet: is_programs,
  });
  const desk: Desk = {
    ...{ context, session, clinic, lang, words, talk, role },
    look: lookOf(context, { ...clinic, lang }),
    is_accessible: config.accessible,
    talks_to_people: is_tty,
    date: null,
    printed: null,
    offset_ms: 0,
    found: null,
    waiting: [],
    held: null,
    unsure: new Map(),
  };

  let ended_by: number | null = null;
  const stop = input.onSignal((exit) => {
    if (exit !== EXIT_INTERRUPT) {
      ended_by = exit;
      lines.end();
    } else if (lines.leave()) return true;
    else talk.remark(words.waiting_for_answer);
    return false;
  });
  try {
    if (is_tty) await greet(desk);
    const code = await sit({
      desk,
      is_tty,
      keeps_going: flagOption(args, 'keep_going'),
      on_done: ({ line, told }) => {
        if (mode !== 'jsonl') return;
        const said = talk.takeSaid();
        const error = told === null ? null : { code: told.code, detail: told.sentence };
        const done = { line: maskLine(line), exit: told?.exit ?? 0, said, error };
        io.out(`${JSON.stringify(done)}\n`);
      },
    });
    return ended_by ?? code;
  } finally {
    stop();
    lines.close();
  }
}
