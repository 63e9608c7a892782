import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';
import type { Role } from '../../domain/roles.ts';
import { createClient } from '../client.ts';
import type { Context, OutputMode } from '../context.ts';
import { type CachePlace, readDays } from '../day-cache.ts';
import type { Io } from '../io.ts';
import { clinicOf } from '../lookup.ts';
import { type Lang, openSession, readDemo, type Session } from '../session.ts';
import { type Args, flagOption } from '../spec.ts';
import type { Desk } from './desk.ts';
import { maskLine } from './history.ts';
import { openLines } from './lines.ts';
import { makeLook } from './rows.ts';
import { greet, sit } from './sitting.ts';
import { makeTalk } from './talk.ts';
import { deskWordsOf } from './words.ts';

/** `petpro desk`: the desk as lines of text, for slow links, plain terminals, screen readers and scripts. ux §3. */

const EXIT_INTERRUPT = 130;

type Wish = {
  readonly io: Io;
  readonly config: Config;
  readonly session: Session;
  readonly role: Role;
  /** Null: the clinic's own. */
  readonly lang: Lang | null;
  readonly mode: OutputMode;
  readonly read_only: boolean;
  readonly no_input: boolean;
  /** In a script: the lines after a question are its answers. */
  readonly asks: boolean;
  readonly keeps_going: boolean;
};

function refuseModes(mode: OutputMode): void {
  if (['table', 'wide', 'jsonl', 'none'].includes(mode)) return;
  const detail = `petpro desk speaks in sentences and has no output ${mode}.`;
  throw new AppError('invalid_input', detail, { next: 'petpro desk -o jsonl' });
}

async function seat(wish: Wish): Promise<number> {
  const { io, config, session, role, mode, no_input } = wish;
  const input = io.input?.();
  if (input === undefined) {
    throw new AppError('input_needed', 'petpro desk reads lines from stdin.');
  }
  const clinic = await clinicOf(session);
  const lang = wish.lang ?? clinic.lang;
  const words = deskWordsOf(lang);
  const is_quiet = mode === 'jsonl' || mode === 'none';
  const is_tty = input.is_tty && !is_quiet;
  const lines = openLines(input.stream);
  const can_ask = !no_input && (is_tty || wish.asks);
  const wraps = io.is_tty && !config.accessible;
  const talk = makeTalk({ io, lines, words, can_ask, is_tty, wraps, is_quiet });
  const desk: Desk = {
    ...{ session, clinic, lang, words, talk, role },
    look: makeLook(lang, config.tz ?? clinic.time_zone),
    place: { home: config.home, url: session.url, token: session.token },
    is_accessible: config.accessible,
    is_read_only: wish.read_only,
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
  const on_done: Parameters<typeof sit>[0]['on_done'] = ({ line, told }) => {
    if (mode !== 'jsonl') return;
    const said = talk.takeSaid();
    const error = told === null ? null : { code: told.code, detail: told.sentence };
    io.out(`${JSON.stringify({ line: maskLine(line), exit: told?.exit ?? 0, said, error })}\n`);
  };
  try {
    if (is_tty) await greet(desk);
    const code = await sit({ desk, is_tty, keeps_going: wish.keeps_going, on_done });
    return ended_by ?? code;
  } finally {
    stop();
    lines.close();
  }
}

/** Nobody answers, but this machine has kept a day: the same failure with the command that shows it. */
async function withKept(error: unknown, place: CachePlace): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'unavailable') return error;
  if ((await readDays(place)).length === 0) return error;
  const facts = { ...error.facts, next: 'petpro today --cached' };
  return new AppError(error.code, error.detail, facts, { cause: error });
}

/** `petpro desk`, and `petpro tui` where it is to be lines of text. */
export async function openDesk(context: Context, args: Args): Promise<number> {
  const { io, config, mode, no_input } = context;
  refuseModes(mode);
  const session = openSession(context);
  const { role } = await session.client.call('get_me', {}).catch(async (error: unknown) => {
    throw await withKept(error, { home: config.home, url: session.url, token: session.token });
  });
  if (role === 'customer') {
    const detail = 'The line mode is for the people of a clinic.';
    throw new AppError('forbidden', detail, { next: 'petpro bookings list' });
  }
  const is_demo = readDemo(config)?.url === session.url;
  return await seat({
    ...{ io, config, session, role, mode, no_input },
    // A clinic's desk reads the clinic's language; whoever tries the demo reads their own.
    lang: is_demo || context.lang_asked ? config.lang : null,
    read_only: flagOption(args, 'read_only'),
    asks: flagOption(args, 'ask'),
    keeps_going: flagOption(args, 'keep_going'),
  });
}

/** The line mode for somebody whose address and right are known already: after `petpro demo up`. */
export async function sitAt(
  who: {
    readonly url: string;
    readonly token: string;
    readonly clinic_id: string;
    readonly role: Role;
    readonly lang: Lang;
    readonly read_only: boolean;
  },
  io: Io,
  config: Config,
): Promise<number> {
  const { url, token, clinic_id, role, lang, read_only } = who;
  const client = createClient({ url, token, source: 'cli', timeout_ms: config.timeout_ms });
  const session: Session = { client, url, token, clinic: clinic_id };
  return await seat({
    ...{ io, config, session, role, lang, read_only },
    mode: 'table',
    no_input: false,
    asks: false,
    keeps_going: false,
  });
}
