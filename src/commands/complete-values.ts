import type { Command } from 'commander';
import type { Candidate, Place } from './complete.ts';
import { readCache, writeCache } from './complete-cache.ts';
import type { Context } from './context.ts';
import { help_topics } from './help-groups.ts';
import type { Io } from './io.ts';
import type { Run } from './spec.ts';
import { tree } from './tree.ts';

/** What may stand for a placeholder of the tree: words that never change, or what the daemon has now. */

export type Known = {
  readonly candidates: readonly Candidate[];
  /** The shell completes names of files or folders by itself. */
  readonly files: 'files' | 'folders' | null;
};

const plain = (...values: readonly string[]): readonly Candidate[] =>
  values.map((value) => ({ value, doc: '' }));

const day_words: readonly Candidate[] = [
  { value: 'today', doc: '' },
  { value: 'tomorrow', doc: '' },
  ...['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((value) => ({
    value,
    doc: 'the next one, today included',
  })),
  { value: '+7d', doc: 'in a week' },
];

/** Placeholders whose values are listed by a command; its words and columns are the candidates. */
const lists: Readonly<
  Record<string, { path: string; options?: Readonly<Record<string, string>> }>
> = {
  reference: { path: 'bookings list', options: { from: 'yesterday', to: '+7d', limit: '200' } },
  code: { path: 'today' },
  clinic: { path: 'clinics list' },
  hold: { path: 'hold list' },
  slot: { path: 'slots list', options: { from: 'today', to: '+7d' } },
  lock: { path: 'locks list' },
  view: { path: 'views list' },
  queue: { path: 'jobs list' },
  series: { path: 'series list' },
  entry: { path: 'waitlist list' },
  review: { path: 'reviews list' },
  reminder: { path: 'reminders list' },
  link: { path: 'calendar links list' },
  delivery: { path: 'deliveries list' },
  channel: { path: 'deliveries channels' },
  event: { path: 'outbox list' },
  payment: { path: 'payments list' },
  item: { path: 'payments inbox' },
  refund: { path: 'refunds list' },
  settlement: { path: 'settlements list' },
  webhook: { path: 'webhooks list' },
  parked: { path: 'events parked' },
  time_off_id: { path: 'slots blocks' },
  exception_id: { path: 'schedule exception list' },
  what: { path: 'retention list' },
  alert: { path: 'alerts list' },
  key: { path: 'config list' },
  kind: { path: 'commands schema' },
  profile: { path: 'profile list' },
  run: { path: 'load list' },
  before: { path: 'load list' },
  after: { path: 'load list' },
};

const files: Readonly<Record<string, Known['files']>> = {
  file: 'files',
  path: 'files',
  folder: 'folders',
  dir: 'folders',
};

export type Around = {
  readonly program: Command;
  readonly words: readonly string[];
  readonly io: Io;
  readonly commandsOf: (command: Command) => readonly Candidate[];
};

/** Vets and services have no list of their own: they are of the clinic. */
function ofClinic(which: 'vet' | 'service'): Run {
  return async (context) => {
    const { openSession } = await import('./session.ts');
    const { clinicOf } = await import('./lookup.ts');
    const clinic = await clinicOf(openSession(context));
    const found: readonly { readonly name: string; readonly doc: string }[] =
      which === 'vet'
        ? clinic.staff.map(({ name }) => ({ name, doc: '' }))
        : clinic.services.map(({ name, duration_minutes }) => ({
            name,
            doc: `${duration_minutes} min`,
          }));
    for (const { name, doc } of found) context.io.out(`${name}\t${doc}\n`);
    return undefined;
  };
}

/** Flags before the cursor that choose whom is asked. */
function addressed(words: readonly string[]): Readonly<Record<string, string>> {
  const flags: Readonly<Record<string, string>> = {
    '-c': 'clinic',
    '--clinic': 'clinic',
    '-p': 'profile',
    '--profile': 'profile',
    '--home': 'home',
  };
  const found: Record<string, string> = {};
  for (const [index, word] of words.slice(0, -1).entries()) {
    const [flag = '', value = words[index + 1] ?? ''] = word.split('=', 2);
    const name = flags[flag];
    if (name !== undefined && index + 1 < words.length - 1 + Number(word.includes('='))) {
      found[name] = value;
    }
  }
  return found;
}

/** Runs a listing command and reads its names; null when it cannot be asked, or not in time. */
async function ask(
  source: { readonly path: string; readonly options?: Readonly<Record<string, string>> },
  around: Around,
): Promise<readonly Candidate[] | null> {
  const which = source.path === 'vet' || source.path === 'service' ? source.path : null;
  const model = tree.find((one) => one.path === (which === null ? source.path : 'today'));
  if (model === undefined) return null;
  const said: string[] = [];
  const io: Io = {
    ...around.io,
    out: (text) => {
      said.push(text);
    },
    err: () => {},
    is_tty: false,
    can_ask: false,
  };
  const { runCommand } = await import('./run.ts');
  // The signals are the shell's: nothing is in progress that could be ended politely.
  const spec = { ...model, owns_signals: true };
  const options = { ...source.options, ...addressed(around.words), output: 'name' };
  const run: Run = which === null ? await model.load() : ofClinic(which);
  let is_late = false;
  const described: Run = async (context: Context, args) => {
    const { wait } = await import('./watch.ts');
    const late = wait(context.config.complete_ms, context.signal).then(() => {
      is_late = true;
      return undefined;
    });
    return await Promise.race([run({ ...context, describes_names: true }, args), late]);
  };
  const { program } = around;
  await runCommand(io, { spec, args: { positional: [], options }, run: described, program, tree });
  if (is_late) return null;
  const lines = said.join('').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [value = '', ...doc] = line.split('\t');
      return { value, doc: doc.join(' ') };
    });
}

async function dynamic(word: string, around: Around): Promise<readonly Candidate[]> {
  const source = word === 'vet' || word === 'service' ? { path: word } : lists[word];
  if (source === undefined) return [];
  const wanted = `${word} ${JSON.stringify(addressed(around.words))}`;
  const cached = readCache(wanted, around.io);
  if (cached?.is_fresh === true) return cached.candidates;
  // Nobody is told why: a shell that prints failures between the words is worse than one that says nothing.
  const found = await ask(source, around).catch(() => null);
  // What was true some minutes ago helps more than nothing.
  if (found === null) return cached?.candidates ?? [];
  writeCache(wanted, found, around.io);
  return found;
}

/** What may stand here. */
export async function valuesOf(
  place: Extract<Place, { at: 'value' }>,
  around: Around,
): Promise<Known> {
  const { word, choices } = place;
  if (choices !== null) return { candidates: plain(...choices), files: null };
  const kind = files[word];
  // `attachments get BP.. <file>` names a file of the booking, `import owners <file>` one of this machine.
  if (kind && around.words[0] !== 'attachments') return { candidates: [], files: kind };
  if (word === 'day' || word === 'date' || word === 'when') {
    return { candidates: day_words, files: null };
  }
  if (word === 'shell') return { candidates: plain('bash', 'zsh', 'fish', 'pwsh'), files: null };
  if (word === 'zone') {
    return { candidates: plain(...Intl.supportedValuesOf('timeZone')), files: null };
  }
  if (word === 'topic') {
    const candidates = [...plain(...help_topics), ...around.commandsOf(around.program)];
    return { candidates, files: null };
  }
  return { candidates: await dynamic(word, around), files: null };
}
