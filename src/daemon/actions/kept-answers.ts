import type { App } from '../app-types.ts';
import { availabilityVersions, beginAvailability } from '../store/availability.ts';

/**
 * Answers about free times, kept while nothing has changed (docs/adr/0009-availability-by-version.md). Every
 * question asks PostgreSQL first whether something was written meanwhile; one small statement answers
 * that for all who ask at the same time. So what is given was true after its asker had asked, in every
 * daemon, and holds never look here.
 */

/** Questions of one statement. */
const BATCH = 500;
/** Statements at a time: one that hangs must not hold up all readers. */
const ASKING_MAX = 2;
/** Lines of all kept answers of a daemon; about 20 MB. */
const LINES_MAX = 20_000;
const ANSWERS_MAX = 5_000;

type Version = { readonly version: number; readonly writing: ReadonlySet<string> };

type Waiting = {
  readonly group: number;
  readonly resolve: (version: Version) => void;
  readonly reject: (error: unknown) => void;
};

type Desk = { readonly waiting: Waiting[]; asking: number };

const desks = new WeakMap<App, Desk>();

function deskOf(app: App): Desk {
  const known = desks.get(app) ?? { waiting: [], asking: 0 };
  desks.set(app, known);
  return known;
}

async function askBatch(app: App, batch: readonly Waiting[]): Promise<void> {
  const groups = [...new Set(batch.map(({ group }) => group))];
  try {
    const { versions, writing } = await availabilityVersions(app.sql, groups);
    const writers = new Set(writing);
    for (const { group, resolve } of batch) {
      resolve({ version: versions[groups.indexOf(group)] ?? 0, writing: writers });
    }
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

async function askAll(app: App, desk: Desk): Promise<void> {
  desk.asking += 1;
  while (desk.waiting.length > 0) await askBatch(app, desk.waiting.splice(0, BATCH));
  desk.asking -= 1;
}

/** The version of a group, read after this was called. */
async function versionOf(app: App, group: number): Promise<Version> {
  const desk = deskOf(app);
  const { promise, resolve, reject } = Promise.withResolvers<Version>();
  desk.waiting.push({ group, resolve, reject });
  if (desk.asking < ASKING_MAX) void askAll(app, desk);
  return await promise;
}

export type Made<T> = {
  readonly answer: T;
  /** How much of it there is, for the bound on all that is kept. */
  readonly lines: number;
  /** Until time alone changes it; null = never. */
  readonly life_ms: number | null;
};

type Kept<T> = Version & {
  readonly answer: T;
  readonly lines: number;
  readonly until_ms: number;
};

export type Question<T> = {
  readonly key: string;
  readonly group: number;
  readonly make: () => Promise<Made<T>>;
};

/** How often kept answers served, per app. */
export type KeptCounts = { hits: number; misses: number };

const counts = new WeakMap<App, KeptCounts>();

export function keptCounts(app: App): KeptCounts {
  const known = counts.get(app) ?? { hits: 0, misses: 0 };
  counts.set(app, known);
  return known;
}

/**
 * True while the answer is the one that PostgreSQL would give. Somebody who was writing when its version
 * was read may have been counted in it before their rows could be seen: once they are done, it is void.
 */
function isTrue<T>(kept: Kept<T>, now: Version): boolean {
  if (kept.version !== now.version || performance.now() >= kept.until_ms) return false;
  for (const writer of kept.writing) if (!now.writing.has(writer)) return false;
  return true;
}

type Shelf<T> = {
  readonly answers: Map<string, Kept<T>>;
  /** On their way: whoever asks the same meanwhile waits for them. */
  readonly making: Map<string, Promise<Kept<T>>>;
  lines: number;
};

function keep<T>(shelf: Shelf<T>, key: string, kept: Kept<T>): void {
  shelf.lines += kept.lines - (shelf.answers.get(key)?.lines ?? 0);
  // Deleting first moves a renewed answer to the young end.
  shelf.answers.delete(key);
  shelf.answers.set(key, kept);
  for (const [oldest, { lines }] of shelf.answers) {
    if (shelf.lines <= LINES_MAX && shelf.answers.size <= ANSWERS_MAX) return;
    shelf.answers.delete(oldest);
    shelf.lines -= lines;
  }
}

async function makeAnswer<T>(app: App, shelf: Shelf<T>, question: Question<T>): Promise<Kept<T>> {
  const { key, group, make } = question;
  const started_ms = performance.now();
  const { version, writing } = await beginAvailability(app.sql, group);
  const { answer, lines, life_ms } = await make();
  const ceiling_ms = app.config.availability_cache_s * 1000;
  const kept: Kept<T> = {
    version,
    writing: new Set(writing),
    answer,
    // An empty answer takes room too.
    lines: lines + 1,
    until_ms: started_ms + Math.min(ceiling_ms, life_ms ?? ceiling_ms),
  };
  keep(shelf, key, kept);
  return kept;
}

/** Keeps the answers of one kind. The same answer is the same object, so that its text is made once. */
export function keptAnswers<T>(): (app: App, question: Question<T>) => Promise<T> {
  const shelves = new WeakMap<App, Shelf<T>>();
  const shelfOf = (app: App): Shelf<T> => {
    const known = shelves.get(app) ?? { answers: new Map(), making: new Map(), lines: 0 };
    shelves.set(app, known);
    return known;
  };
  return async (app, question) => {
    if (app.config.availability_cache_s === 0) return (await question.make()).answer;
    const { key, group } = question;
    const shelf = shelfOf(app);
    const now = await versionOf(app, group);
    const known = shelf.answers.get(key);
    // What another one asks for may fail for reasons of its own.
    const found =
      known && isTrue(known, now) ? known : await shelf.making.get(key)?.catch(() => null);
    if (found && isTrue(found, now)) {
      keptCounts(app).hits += 1;
      return found.answer;
    }
    keptCounts(app).misses += 1;
    const making = makeAnswer(app, shelf, question);
    shelf.making.set(key, making);
    try {
      return (await making).answer;
    } finally {
      if (shelf.making.get(key) === making) shelf.making.delete(key);
    }
  };
}
