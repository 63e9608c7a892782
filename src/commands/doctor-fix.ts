import { type Check, type Looked, type Mend, sentenceOf } from './checks.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { type Args, flagOption } from './spec.ts';

/** `petpro doctor --fix`: says what it would change, asks, does it, and looks again. */

/** Building an index over a large table takes minutes; nothing else takes more than seconds. */
const MEND_TIMEOUT_MS = 600_000;

type Ill = { readonly check: Check; readonly mend: Mend };

type Patient = {
  readonly checks: readonly Check[];
  readonly looked: readonly Looked[];
  /** Looks again at these, and tells. */
  readonly look: (checks: readonly Check[]) => Promise<readonly Looked[]>;
};

function illOf({ checks, looked }: Patient): readonly Ill[] {
  return looked.flatMap(({ result, mend }) => {
    const check = checks.find(({ id }) => id === result.id);
    const is_ill = result.state === 'fail' || result.state === 'warn';
    return check && mend && is_ill ? [{ check, mend }] : [];
  });
}

async function mendOne(context: Context, { check, mend }: Ill): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const detail = `not done within ${MEND_TIMEOUT_MS / 1_000} s; it may still be under way`;
    timer = setTimeout(() => reject(new Error(detail)), MEND_TIMEOUT_MS);
  });
  try {
    say(context, `${check.id}: ${await Promise.race([mend.run(), late])}`);
  } catch (error) {
    // The look afterwards tells it as a failure; here is why.
    say(context, `${check.id}: could not be mended: ${sentenceOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Mends what can be; answers the findings as they are afterwards. */
export async function mendAll(
  context: Context,
  args: Args,
  patient: Patient,
): Promise<readonly Looked[]> {
  const ill = illOf(patient);
  if (ill.length === 0) {
    say(context, 'Nothing here is for --fix to mend.');
    return patient.looked;
  }
  const plan = ill.map(({ check, mend }) => `  ${check.id}: ${mend.plan}`).join('\n');
  const effect = `This will:\n${plan}`;
  if (flagOption(args, 'dry_run')) {
    say(context, `${effect}\nNothing was changed.`);
    return patient.looked;
  }
  if (flagOption(args, 'yes')) say(context, effect);
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes'),
    next: 'petpro doctor --fix --yes, or --fix --dry-run to change nothing',
  });
  for (const one of ill) {
    context.signal.throwIfAborted();
    await mendOne(context, one);
  }
  const after = await patient.look(ill.map(({ check }) => check));
  return patient.looked.map(
    (before) => after.find(({ result }) => result.id === before.result.id) ?? before,
  );
}
