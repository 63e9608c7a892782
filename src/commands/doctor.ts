import { AppError } from '../domain/errors.ts';
import { type Check, type CheckResult, type CheckState, makeTools, runCheck } from './checks.ts';
import { checks_here } from './checks-here.ts';
import { invariantChecks } from './checks-invariants.ts';
import { checks_locks } from './checks-locks.ts';
import { checks_parts } from './checks-parts.ts';
import { type Context, hasColour, paint, say } from './context.ts';
import { printList } from './output.ts';
import { type Args, textOption } from './spec.ts';

const EXIT_UNHEALTHY = 10;
const EXIT_BROKEN = 12;

function chosen(only: string | null): readonly Check[] {
  const all_checks = [...checks_here, ...checks_parts, ...checks_locks, ...invariantChecks()];
  if (only === null) return all_checks;
  const wanted = only.split(',').map((word) => word.trim());
  const unknown = wanted.filter((word) => !all_checks.some((check) => check.id.startsWith(word)));
  if (unknown.length > 0) {
    const known = all_checks.map((check) => check.id);
    const detail = `No check is called ${unknown.join(', ')}: there is ${known.join(', ')}.`;
    throw new AppError('invalid_input', detail, { known });
  }
  return all_checks.filter((check) => wanted.some((word) => check.id.startsWith(word)));
}

const style = { pass: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;
const word = { pass: 'pass', warn: 'warn', fail: 'FAIL', skip: 'skip' } as const;

/** Each check on one line, its remedy below; colour never alone. */
function printLines(context: Context, results: readonly CheckResult[]): void {
  const coloured = hasColour(context.config, context.io.is_tty);
  const width = Math.max(...results.map((result) => result.id.length));
  const state = (value: CheckState) => paint(style[value], word[value], coloured);
  const lines = results.flatMap((result) => {
    const line = `${result.id.padEnd(width)}  ${state(result.state)}  ${result.detail}`;
    const needs_fix = result.fix !== null && (result.state === 'fail' || result.state === 'warn');
    return needs_fix ? [line, `${' '.repeat(width)}  fix: ${result.fix}`] : [line];
  });
  context.io.out(`${lines.join('\n')}\n`);
}

/** `petpro doctor`: 0 well (warnings included), 10 something failed, 12 an invariant is broken. */
export async function doctor(context: Context, args: Args): Promise<number> {
  const checks = chosen(textOption(args, 'only'));
  const tools = makeTools(context);
  let results: readonly CheckResult[];
  try {
    results = await Promise.all(checks.map(async (check) => await runCheck(check, tools)));
  } finally {
    await tools.close();
  }
  if (context.mode === 'table' || context.mode === 'wide') printLines(context, results);
  else {
    printList(context, {
      kind: 'CheckList',
      items: results,
      columns: [],
      csv: ['id', 'state', 'detail', 'fix'],
      name: (result) => result.id,
    });
  }
  const count = (state: CheckState) => results.filter((result) => result.state === state).length;
  say(
    context,
    `${count('pass')} pass, ${count('warn')} warn, ${count('fail')} fail, ${count('skip')} skip`,
  );
  if (results.some((result) => result.broken_invariant)) return EXIT_BROKEN;
  return count('fail') > 0 ? EXIT_UNHEALTHY : 0;
}
