import { AppError } from '../domain/errors.ts';
import { type Check, type CheckResult, type Looked, makeTools, runCheck } from './checks.ts';
import { checks_daemon } from './checks-daemon.ts';
import { checks_here } from './checks-here.ts';
import { invariantChecks } from './checks-invariants.ts';
import { checks_locks } from './checks-locks.ts';
import { checks_outside } from './checks-outside.ts';
import { checks_postgres } from './checks-postgres.ts';
import { checks_redis } from './checks-redis.ts';
import { checks_terminal } from './checks-terminal.ts';
import { type Context, hasColour, paint, say } from './context.ts';
import { mendAll } from './doctor-fix.ts';
import { printList } from './output.ts';
import { type Args, flagOption, textOption } from './spec.ts';

const EXIT_UNHEALTHY = 10;
const EXIT_BROKEN = 12;

/** In the order in which they are printed: what is nearest first. */
function allChecks(): readonly Check[] {
  return [
    ...checks_here,
    ...checks_terminal,
    ...checks_daemon,
    ...checks_postgres,
    ...checks_redis,
    ...checks_outside,
    ...checks_locks,
    ...invariantChecks(),
  ];
}

function chosen(only: string | null): readonly Check[] {
  const all = allChecks();
  if (only === null) return all;
  const wanted = only
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const unknown = wanted.filter((word) => !all.some((check) => check.id.startsWith(word)));
  if (unknown.length > 0 || wanted.length === 0) {
    const known = [...new Set(all.map(({ id }) => id.split('.')[0] ?? id))];
    const said = unknown.length > 0 ? `No check is called ${unknown.join(', ')}` : 'Say which';
    const detail = `${said}: there is ${known.join(', ')}.`;
    throw new AppError('invalid_input', detail, { known, next: 'petpro doctor --list' });
  }
  return all.filter((check) => wanted.some((word) => check.id.startsWith(word)));
}

const style = { pass: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;
const word = { pass: 'pass', warn: 'warn', fail: 'FAIL', skip: 'skip' } as const;

const isForPeople = ({ mode }: Context) => mode === 'table' || mode === 'wide';

/** One check on one line, its remedy below; colour never alone. */
function printLine(context: Context, result: CheckResult, width: number): void {
  const coloured = hasColour(context.config, context.io.is_tty);
  const state = paint(style[result.state], word[result.state], coloured);
  const lines = [`${result.id.padEnd(width)}  ${state}  ${result.detail}`];
  const is_ill = result.state === 'fail' || result.state === 'warn';
  if (result.fix !== null && is_ill) lines.push(`${' '.repeat(width)}  fix: ${result.fix}`);
  context.io.out(`${lines.join('\n')}\n`);
}

/** All at once, told in their order, each as soon as those before it have been told. */
async function lookAtAll(
  context: Context,
  checks: readonly Check[],
  tools: ReturnType<typeof makeTools>,
): Promise<readonly Looked[]> {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const running = checks.map((check) => runCheck(check, tools));
  const looked: Looked[] = [];
  for (const one of running) {
    const found = await one;
    looked.push(found);
    if (isForPeople(context)) printLine(context, found.result, width);
    context.signal.throwIfAborted();
  }
  return looked;
}

function printChecks(context: Context, checks: readonly Check[]): void {
  printList(context, {
    kind: 'CheckNameList',
    items: checks.map(({ id, about }) => ({ id, about })),
    columns: [
      { head: 'CHECK', text: ({ id }) => id, whole: true },
      { head: 'LOOKS AT', text: ({ about }) => about },
    ],
    csv: ['id', 'about'],
    name: ({ id }) => id,
  });
}

function exitOf(results: readonly CheckResult[]): number {
  if (results.some(({ broken_invariant }) => broken_invariant)) return EXIT_BROKEN;
  return results.some(({ state }) => state === 'fail') ? EXIT_UNHEALTHY : 0;
}

function sum(context: Context, results: readonly CheckResult[]): void {
  const count = (state: CheckResult['state']) =>
    results.filter((result) => result.state === state).length;
  const figures = `${count('pass')} pass, ${count('warn')} warn, ${count('fail')} fail`;
  const fixable = results.filter((one) => one.fixable).length;
  const hint = fixable === 0 ? '' : `; petpro doctor --fix can mend ${fixable}`;
  say(context, `${figures}, ${count('skip')} skip${hint}`);
}

/** `petpro doctor`: 0 well (warnings included), 10 something failed, 12 an invariant is broken. */
export async function doctor(context: Context, args: Args): Promise<number> {
  const checks = chosen(textOption(args, 'only'));
  if (flagOption(args, 'list')) {
    printChecks(context, checks);
    return 0;
  }
  const is_fix = flagOption(args, 'fix');
  if (is_fix && textOption(args, 'watch') !== null) {
    throw new AppError('invalid_input', '--fix mends once; --watch only looks.');
  }
  const tools = makeTools(context);
  try {
    let looked = await lookAtAll(context, checks, tools);
    if (is_fix) looked = await mendAll(context, args, { checks, looked, look: again });
    const results = looked.map(({ result }) => result);
    if (!isForPeople(context)) {
      printList(context, {
        kind: 'CheckList',
        items: results,
        columns: [],
        csv: ['id', 'state', 'detail', 'fix', 'fixable'],
        name: (result) => result.id,
      });
    }
    sum(context, results);
    return exitOf(results);
  } finally {
    await tools.close();
  }

  async function again(ill: readonly Check[]): Promise<readonly Looked[]> {
    return await lookAtAll(context, ill, tools);
  }
}
