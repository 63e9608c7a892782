import fs from 'node:fs';
import path from 'node:path';
import type { Sql } from 'postgres';
import { inheritedEnv } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { canBuild, findK6, getK6, type K6, noK6 } from '../load/find-k6.ts';
import { writePrivate } from '../load/history.ts';
import { type ReportFormat, renderReport } from '../load/render.ts';
import type { ControlResult } from '../load/report-types.ts';
import { runLoad } from '../load/run.ts';
import { type Form, type Size, scenarioNamed, sizeOf } from '../load/scenarios.ts';
import { type LoadFile, setUpLoad } from '../load/setup.ts';
import {
  askTarget,
  checkSameDatabase,
  isLoopback,
  refuseForeign,
  type Target,
} from '../load/target.ts';
import { runControl } from '../load/unsafe-control.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { databaseUrl, withDatabase } from './database.ts';
import { type ChaosRig, chaosOf, needDemo, openChaos } from './load-chaos.ts';
import { printReport } from './load-report.ts';
import { printOne } from './output.ts';
import { envOf } from './profile-guard.ts';
import { serverOf } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { durationOf } from './watch.ts';

/** `petpro load setup | run`: the real k6 against a target that is ours, judged by PostgreSQL. */

const VUS_MAX = 20_000;
const RATE_MAX = 10_000;
const SEED_DEFAULT = 42;
const SEED_MAX = 2_147_483_647;
/** The set-up of a full scenario writes some ten thousand rows. */
const STATEMENT_TIMEOUT_MS = 60_000;

type Wish = {
  readonly scenario: ReturnType<typeof scenarioNamed>;
  readonly form: Form;
  readonly size: Size;
  readonly seed: number;
};

function wishOf(args: Args): Wish {
  const scenario = scenarioNamed(textOption(args, 'scenario') ?? 'one-slot');
  const form = textOption(args, 'form') === 'full' ? 'full' : 'short';
  const length = textOption(args, 'duration');
  const seconds = length === null ? null : Math.round(durationOf('duration', length) / 1000);
  if (seconds !== null && seconds < 1) {
    throw new AppError('invalid_input', '--duration must be a second at least.');
  }
  const vus = wholeOption(args, 'vus', 1, VUS_MAX);
  const rate = wholeOption(args, 'rate', 1, RATE_MAX);
  const seed = wholeOption(args, 'seed', 0, SEED_MAX) ?? SEED_DEFAULT;
  return { scenario, form, size: sizeOf(scenario, form, { vus, rate, seconds }), seed };
}

/** Whom to load, asked and allowed; throws before anything is written there. */
async function targetOf(context: Context, args: Args) {
  const { url, demo } = serverOf(context.config);
  const insistence = {
    is_mine: flagOption(args, 'target_is_mine'),
    yes_really: flagOption(args, 'yes_really'),
  };
  // Refused by its address alone, before the first packet goes there.
  refuseForeign({ url, env: null }, envOf(context.config), insistence);
  const target = await askTarget(url, context.signal);
  refuseForeign(target, envOf(context.config), insistence);
  const { stripe_api_base } = context.config;
  // Only a sandbox on this machine lets itself be paid by anybody; the real provider is never asked.
  const sandbox = isLoopback(stripe_api_base) ? stripe_api_base : null;
  return { target, stripe_url: demo?.stripe_url ?? sandbox };
}

type Aim = Awaited<ReturnType<typeof targetOf>>;

async function prepare(
  context: Context,
  sql: Sql,
  wish: Wish,
  aim: Aim,
  rig: ChaosRig | null = null,
): Promise<LoadFile> {
  const url = rig?.url ?? aim.target.url;
  const { stripe_url } = aim;
  const load = await setUpLoad(sql, { ...wish, url, stripe_url, chaos: rig?.parts ?? [] });
  const [token = ''] = load.tokens;
  await checkSameDatabase(url, token, load.head.clinic_id, context.signal);
  return load;
}

/** `petpro load setup` */
export async function loadSetup(context: Context, args: Args): Promise<undefined> {
  const wish = wishOf(args);
  const aim = await targetOf(context, args);
  const load = await withDatabase(
    context,
    async (sql) => await prepare(context, sql, wish, aim),
    STATEMENT_TIMEOUT_MS,
  );
  const dir = path.join(context.config.home, 'load/setup');
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, `${wish.scenario}.json`);
  writePrivate(file, JSON.stringify(load));
  const item = {
    file,
    scenario: wish.scenario,
    clinic_id: load.head.clinic_id,
    slots: load.slots.length,
    owners: load.owners.length,
  };
  printOne(context, {
    kind: 'LoadSetup',
    item,
    csv: ['file', 'scenario', 'clinic_id', 'slots', 'owners'],
    name: file,
    lines: [
      ['file', `${file} (for one run; its keys end with it)`],
      ['slots', String(item.slots)],
      ['owners', String(item.owners)],
      ['next', `petpro load run --setup ${file}`],
    ],
  });
}

function readSetup(file: string): LoadFile {
  try {
    const load: LoadFile = JSON.parse(fs.readFileSync(file, 'utf8'));
    scenarioNamed(load.head.scenario);
    if (load.slots.length > 0 && load.tokens.length > 0) return load;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const detail = `${file} cannot be read as a load setup.`;
    throw new AppError('invalid_input', detail, { next: 'petpro load setup' }, { cause: error });
  }
  throw new AppError('invalid_input', `${file} has been used; its keys are gone.`, {
    next: 'petpro load setup',
  });
}

/** k6 where it is, or had on wish; there is no imitation. */
async function needK6(context: Context, args: Args): Promise<K6> {
  const env = inheritedEnv(context.io.env);
  const found = await findK6(env);
  if (found) return found;
  if (!flagOption(args, 'get_k6')) {
    const may_ask = context.io.can_ask && !context.no_input && canBuild(env);
    if (!may_ask) throw noK6(env);
    const effect = 'k6 is not here. Building it with Go takes about 90 s and 64 MB.';
    await confirmOrFail(context, effect, { yes: false, next: 'petpro load run --get-k6' });
  }
  return await getK6((line) => say(context, line), context.signal);
}

const document_options = ['out', 'junit', 'html', 'md'] as const;
const format_of = { out: 'json', junit: 'junit', html: 'html', md: 'md' } as const satisfies Record<
  (typeof document_options)[number],
  ReportFormat
>;

/** Also says where a document cannot go before minutes are spent on the run. */
function documentsOf(args: Args): readonly (readonly [file: string, format: ReportFormat])[] {
  return document_options.flatMap((name) => {
    const file = textOption(args, name);
    if (file === null) return [];
    const dir = path.dirname(path.resolve(file));
    if (fs.existsSync(dir)) return [[file, format_of[name]] as const];
    throw new AppError('invalid_input', `There is no folder ${dir} for --${name}.`);
  });
}

async function loadOf(
  context: Context,
  sql: Sql,
  args: Args,
  aim: Aim,
  rig: ChaosRig | null,
): Promise<LoadFile> {
  const file = textOption(args, 'setup');
  if (file === null) return await prepare(context, sql, wishOf(args), aim, rig);
  const load = readSetup(file);
  if (load.head.url === aim.target.url) return load;
  throw new AppError('invalid_input', `${file} was made for ${load.head.url}.`);
}

/** Refused before anything is started or written. */
function checkChaos(context: Context, args: Args): void {
  const parts = chaosOf(textOption(args, 'chaos'));
  if (parts.length === 0) return;
  if (wishOf(args).scenario !== 'one-slot' || textOption(args, 'setup') !== null) {
    throw new AppError('invalid_input', '--chaos goes with one-slot only, and without --setup.', {
      next: 'petpro load run --scenario one-slot --chaos redis,daemon',
    });
  }
  needDemo(context.config.home, serverOf(context.config).url, parts);
}

async function rigOf(context: Context, args: Args, aim: Aim): Promise<ChaosRig | null> {
  const parts = chaosOf(textOption(args, 'chaos'));
  if (parts.length === 0) return null;
  const state = needDemo(context.config.home, aim.target.url, parts);
  say(context, `starting a second daemon; to be killed halfway: ${parts.join(', ')}`);
  return await openChaos(state, parts);
}

function targetLine(target: Target, load: LoadFile): string {
  const { scenario, form, vus, seconds } = load.head;
  return `${scenario} (${form}) against ${target.url}: ${vus} users, ${seconds} s`;
}

/** Before the run, so that nothing of it competes for the cpus with what is measured. */
async function controlOf(context: Context, args: Args): Promise<ControlResult | null> {
  if (!flagOption(args, 'unsafe_control')) return null;
  say(context, 'control: one seat in a database of its own, with and without the guard');
  return await runControl(databaseUrl(context), context.config.env);
}

/** `petpro load run`: 0 passed, 12 double booking or broken invariant, 13 thresholds, 11 no k6 or no target. */
export async function loadRun(context: Context, args: Args): Promise<number> {
  const { home } = context.config;
  const { io } = context;
  wishOf(args);
  const documents = documentsOf(args);
  checkChaos(context, args);
  const aim = await targetOf(context, args);
  const k6 = await needK6(context, args);
  const control = await controlOf(context, args);
  const report = await withDatabase(
    context,
    async (sql) => {
      await using rig = await rigOf(context, args, aim);
      const load = await loadOf(context, sql, args, aim, rig);
      say(context, targetLine(aim.target, load));
      return await runLoad(sql, {
        home,
        k6,
        target: aim.target,
        load,
        ...(rig ? { chaos: rig } : {}),
        ...(control ? { control } : {}),
        terminal: {
          write: context.quiet ? () => {} : io.err,
          in_place: io.is_err_tty && !context.config.accessible && context.config.term !== 'dumb',
          columns: io.columns,
        },
        signal: context.signal,
      });
    },
    STATEMENT_TIMEOUT_MS,
  );
  for (const [file, format] of documents) fs.writeFileSync(file, renderReport(report, format));
  printReport(context, report);
  return report.exit;
}
