import { type DeskVerb, desk_words } from '../../domain/desk-words.ts';
import { AppError } from '../../domain/errors.ts';
import { book, dropHold } from './book.ts';
import { cancel, pay, reschedule } from './changes.ts';
import { dateText } from './dates.ts';
import type { Desk } from './desk.ts';
import { type Told, tellOf } from './failure.ts';
import { makeHistory, maskLine } from './history.ts';
import { cleanLine } from './lines.ts';
import { day, find, help, more, printDay, show, status } from './looking.ts';
import { move, undo } from './moves.ts';
import { type Command, parseLine } from './parse.ts';
import { refuse } from './refuse.ts';
import { waitlist } from './waiting.ts';

/** The loop: a prompt, a line, a sentence. In a pipe the first failure ends it, unless it is told to keep going. */

type Act = (desk: Desk, command: Command) => Promise<void> | void;

const acts: Readonly<Record<Exclude<DeskVerb, 'history' | 'quit'>, Act>> = {
  'check-in': move,
  start: move,
  complete: move,
  'no-show': move,
  book,
  reschedule,
  cancel,
  pay,
  undo,
  show,
  find,
  waitlist,
  day,
  today: day,
  resync: day,
  more,
  status,
  help,
};

export type Sitting = {
  readonly desk: Desk;
  /** Somebody types at a terminal. */
  readonly is_tty: boolean;
  readonly keeps_going: boolean;
  /** One JSON document per line, for programs. */
  readonly on_done: (done: { readonly line: string; readonly told: Told | null }) => void;
};

function tell(desk: Desk, told: Told): void {
  desk.talk.remark(told.sentence);
  if (told.next !== null) desk.talk.remark(told.next);
}

/** `wl` alone looks; with more words it acts. */
const changes = ({ verb, words }: Command) =>
  desk_words[verb].tier !== 'read' && (verb !== 'waitlist' || words.length > 0);

const EXIT_PARTIAL = 14;
const EXIT_LEFT = 130;

/** The day stands in the prompt when it is not today: a number must never be meant for another day. */
const promptOf = (desk: Desk) =>
  desk.date === null ? 'desk> ' : `desk ${dateText(desk.date, desk.lang)}> `;

/** Reads and does lines until the end; answers the exit code. */
export async function sit(sitting: Sitting): Promise<number> {
  const { desk, is_tty, keeps_going } = sitting;
  const { talk, words } = desk;
  const history = makeHistory();
  let done = 0;
  const failures: number[] = [];
  let lefts = 0;
  let count = 0;

  /** Does one line; false ends the sitting. */
  const obey = async (typed: string): Promise<boolean> => {
    let line = typed;
    try {
      if (typed.startsWith('!')) {
        const past = history.recall(typed);
        if (past === null) throw refuse('not_found', words.no_history);
        line = past;
        talk.remark(line);
      }
      const command = parseLine(line, words);
      if (desk.is_read_only && changes(command)) {
        throw refuse('policy_refused', words.read_only);
      }
      history.keep(line);
      if (command.verb === 'quit') return false;
      if (command.verb === 'history') {
        for (const past of history.list()) talk.say(past);
      } else {
        await acts[command.verb](desk, command);
      }
      done += 1;
      sitting.on_done({ line, told: null });
      return true;
    } catch (error) {
      const told = tellOf(desk, error);
      // Of a script it must be seen which of its lines that was.
      const where = is_tty ? told.sentence : words.in_line(count, maskLine(line), told.sentence);
      tell(desk, { ...told, sentence: where });
      sitting.on_done({ line, told });
      failures.push(told.exit);
      return is_tty || keeps_going;
    }
  };

  for (;;) {
    const answer = await talk.prompt(promptOf(desk));
    if (answer.kind === 'ended') break;
    if (answer.kind === 'left') {
      lefts += 1;
      if (lefts > 1) return EXIT_LEFT;
      talk.remark(words.how_to_end);
      continue;
    }
    lefts = 0;
    count += 1;
    const typed = cleanLine(answer.line.text);
    if (typed === '') {
      if (answer.line.text.includes('\u001b')) talk.remark(words.no_arrows);
      continue;
    }
    // A script may say what it does.
    if (typed.startsWith('#')) continue;
    if (!(await obey(typed))) break;
  }
  await dropHold(desk);
  if (is_tty || failures.length === 0) return 0;
  return done > 0 && keeps_going ? EXIT_PARTIAL : (failures[0] ?? 0);
}

/** What is said first: where, when, who, and how to go on. A server that is away does not end the sitting. */
export async function greet(desk: Desk): Promise<void> {
  const { talk, words, clinic, role } = desk;
  talk.remark(words.welcome(clinic.name, role));
  try {
    await printDay(desk);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    tell(desk, tellOf(desk, error));
  }
}
