import { AppError, problems } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions } from './choice.ts';
import { type Context, say } from './context.ts';
import { type Ops, withOps } from './ops.ts';
import { printOne } from './output.ts';
import { EXIT_PARTIAL, reasonOf, typeToConfirm } from './severe.ts';
import { type Args, flagOption, textOption } from './spec.ts';

type Report = Output<'reconcile'>;
type Finding = Report['findings'][number];

function findingLines(finding: Finding): readonly (readonly [string, string])[] {
  const { kind, severity, count, sample, next } = finding;
  const said =
    severity === 'unknown'
      ? 'could not be looked at in time'
      : `${count}, such as ${sampleText(sample)}`;
  return [
    [severity.toUpperCase(), `${kind}: ${said}`],
    ['next', next],
  ];
}

const SAMPLE_CHARS = 160;

function sampleText(sample: Finding['sample']): string {
  const text = JSON.stringify(sample[0] ?? {});
  return text.length > SAMPLE_CHARS ? `${text.slice(0, SAMPLE_CHARS)}..` : text;
}

function show(context: Context, report: Report): void {
  const steps = report.repairs.map((step) => {
    const why = step.why === null ? '' : ` (${step.why})`;
    return [step.outcome, `${step.repair} ${step.target}${why}`] as const;
  });
  const state = report.is_ok
    ? 'Everything fits together'
    : `${report.mismatches} kinds of mismatch`;
  printOne(context, {
    kind: 'Reconciliation',
    item: report,
    csv: ['is_ok', 'mismatches', 'plan_id', 'planned', 'repaired', 'doorman', 'as_of'],
    name: report.is_ok ? 'ok' : 'mismatch',
    as_of: report.as_of,
    lines: [
      [report.is_ok ? 'OK' : 'NOT OK', state],
      ...report.findings.flatMap(findingLines),
      ...steps,
    ],
  });
  if (report.doorman !== 'up')
    say(context, 'Redis does not answer or is absent: no lock was compared.');
  if (!report.is_complete) say(context, 'There are too many locks to look at all of them.');
}

/** 12 when something does not fit, 11 when something could not be looked at. */
function exitOf({ is_ok, mismatches }: Report): number {
  if (mismatches > 0) return problems.invariant_broken.exit;
  return is_ok ? 0 : problems.unavailable.exit;
}

async function fix(context: Context, args: Args, ops: Ops, plan_id: string): Promise<number> {
  const reason = await reasonOf(context, args);
  const effect = `This carries out the repairs of plan ${plan_id}, each after another look.`;
  await typeToConfirm(context, args, { effect, word: plan_id });
  const report = await ops.call('reconcile', { fix: true, plan_id, reason }, callOptions(args));
  show(context, report);
  say(context, `${plan_id}: ${report.repaired} of ${report.planned} done`);
  const exit = exitOf(report);
  return exit === 0 && report.repaired < report.planned ? EXIT_PARTIAL : exit;
}

/** `petpro reconcile run`: 0 all fits, 12 something does not. */
export async function reconcileRun(context: Context, args: Args): Promise<number> {
  const plan_id = textOption(args, 'plan');
  const is_fix = flagOption(args, 'fix');
  const is_rehearsal = flagOption(args, 'dry_run');
  if (plan_id !== null && (is_rehearsal || !is_fix)) {
    throw new AppError('invalid_input', '--plan goes with --fix: it carries the plan out.');
  }
  if (is_fix && plan_id === null && !is_rehearsal) {
    throw new AppError('input_needed', 'Repairs are carried out from a plan that you have read.', {
      next: 'petpro reconcile run --fix --dry-run',
    });
  }
  return await withOps(context, args, async (ops) => {
    if (plan_id !== null) return await fix(context, args, ops, plan_id);
    const report = await ops.call('reconcile', { dry_run: is_rehearsal });
    show(context, report);
    if (report.plan_id !== null) {
      const next = `petpro reconcile run --fix --plan ${report.plan_id} --reason ..`;
      say(context, `${report.plan_id}: ${report.planned} repairs, for 15 minutes. Next: ${next}`);
    } else if (is_rehearsal) say(context, 'There is nothing that can be repaired safely.');
    return exitOf(report);
  });
}
