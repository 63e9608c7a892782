import { displayWidth, padEndWidth, plainLine } from '../../domain/width.ts';
import { windowOf } from '../field.ts';
import { wordsOf } from '../i18n/text.ts';
import { hasHold, planned, wantedWord } from '../lock-dialogs.ts';
import type { Field, State } from '../model.ts';
import type { CleanupBox, LockPlan, ReleaseBox } from '../model-ops.ts';
import { clockText, layoutOf } from '../selectors.ts';
import { slotName } from '../selectors-ops.ts';
import { type Line, lineOf, span, splitLine } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { FACT, factLine } from './locks.ts';

/** Figure D: force-release, and the frozen plan of many. The safe choice first. */

const REASON = 44;
const TYPED = 8;

type Form = { readonly lines: Line[]; cursor: { readonly x: number; readonly y: number } | null };

function input(
  form: Form,
  name: string,
  before: string,
  field: Field,
  columns: number,
  is_here: boolean,
): void {
  const { text, x } = windowOf(field, columns);
  const lead = `${padEndWidth(` ${name}`, FACT)}${before}[`;
  if (is_here) form.cursor = { x: displayWidth(lead) + x, y: form.lines.length };
  form.lines.push([
    span(padEndWidth(` ${name}`, FACT), 'dim'),
    span(`${before}[`),
    span(padEndWidth(text, columns), is_here ? 'selected' : 'plain'),
    span(']'),
  ]);
}

function buttons(keep: string, go: string | null, is_keeping: boolean): Line {
  return [
    span('   '),
    span(` ${keep} `, is_keeping ? 'selected' : 'plain'),
    span('    '),
    span(go ?? '', 'error'),
  ];
}

function title(state: State, text: string): Line {
  const env = state.session.env.toUpperCase();
  const tone = env === 'PROD' ? 'banner' : 'accent';
  return splitLine([span(` ${text}`, 'error')], [span(` ${env} `, tone)], state.columns);
}

function done(state: State, form: Form): Screen {
  const { body_rows } = layoutOf(state);
  const words = wordsOf(state.session.lang).ops;
  const keys = lineOf(` ${words.dialog_keys}`, state.columns, 'dim');
  const lines = [...fillLines(form.lines, body_rows - 1, state.columns), keys];
  return { lines, cursor: form.cursor };
}

/** Force-release of one lock. */
export function releaseScreen(state: State, box: ReleaseBox): Screen {
  const words = wordsOf(state.session.lang).ops;
  const names = words.lock_facts;
  const { lock } = box;
  const form: Form = { lines: [title(state, words.release_title), lineOf('', 1)], cursor: null };
  const add = (name: string, text: string, tone: 'plain' | 'warn' | 'error' | 'dim' = 'plain') =>
    form.lines.push(...factLine(name, text, state.columns, tone));
  const status = words.reservations[lock.reservation_status ?? 'none'];
  const hold = [lock.reference_code, status].filter((part) => part !== null).join(' ');
  add(names.slot, [slotName(lock), lock.service_name].filter((part) => part !== null).join('  '));
  add(names.holder, `${lock.holder ?? '-'}   ${hold}`);
  add(names.state, `${words.classes[lock.class]}: ${words.causes[lock.cause]}`, 'warn');
  const ends = hasHold(lock);
  const reference = lock.reference_code ?? '';
  const effect = box.with_hold ? words.effect_hold(reference) : words.effect_kept;
  add(names.effect, ends ? effect : words.effect_free);
  if (box.refused !== null) add(names.check, words.refused(box.refused), 'error');
  else {
    const answer = box.check === null ? words.waiting : words.check_ok;
    add(names.check, answer, box.check === null ? 'dim' : 'plain');
  }
  if (ends) {
    const mark = box.with_hold ? 'x' : ' ';
    const here = box.focus === 'hold';
    const label = span(padEndWidth(` ${names.hold}`, FACT), 'dim');
    form.lines.push([label, span(`[${mark}] ${words.hold_too}`, here ? 'selected' : 'plain')]);
    if (here) form.cursor = { x: FACT + 1, y: form.lines.length - 1 };
  }
  input(form, names.reason, '', box.reason, REASON, box.focus === 'reason');
  const word = `${words.type_word(wantedWord(box) ?? '')} `;
  input(form, names.type, word, box.typed, TYPED, box.focus === 'typed');
  const working = wordsOf(state.session.lang).working;
  const go = box.is_busy ? working : box.refused === null ? words.release_it : null;
  form.lines.push(lineOf('', 1), buttons(words.keep_lock, go, box.focus === 'keep'));
  return done(state, form);
}

/** One lock of a plan: where, why, and what becomes of it. */
function itemLine(state: State, item: LockPlan['items'][number]): Line {
  const words = wordsOf(state.session.lang).ops;
  const causes: Readonly<Record<string, string>> = words.causes;
  const name = padEndWidth(plainLine(slotName(item)), 30);
  if (item.outcome !== 'kept') {
    const tone = item.outcome === 'released' ? 'ok' : 'plain';
    return [span(`   ${name} ${plainLine(causes[item.cause] ?? item.cause)}`, tone)];
  }
  const why = item.why === null ? '' : (words.kept_why[item.why] ?? item.why);
  return [span(` ! ${name} ${plainLine(why)}`, 'warn')];
}

/** Lines of a sample: what the form below leaves. */
const FORM_LINES = 11;

function resultScreen(state: State, box: CleanupBox, result: LockPlan): Screen {
  const words = wordsOf(state.session.lang).ops;
  const { body_rows } = layoutOf(state);
  const head = title(state, words.result_title(result.released, result.kept));
  const lines = result.items.slice(box.top).map((item) => itemLine(state, item));
  const filled = fillLines([head, lineOf('', 1), ...lines], body_rows - 1, state.columns);
  const keys = lineOf(` ${words.result_keys}`, state.columns, 'dim');
  return { lines: [...filled, keys], cursor: null };
}

/** A frozen plan: count and sample first, then the reason and the typed count. */
export function cleanupScreen(state: State, box: CleanupBox): Screen {
  const words = wordsOf(state.session.lang).ops;
  const names = words.lock_facts;
  const { plan } = box;
  if (box.result !== null) return resultScreen(state, box, box.result);
  const form: Form = { lines: [title(state, words.plan_title), lineOf('', 1)], cursor: null };
  if (plan === null) {
    form.lines.push([span(`   ${words.waiting}`, 'dim')]);
    return done(state, form);
  }
  const count = planned(plan);
  const what =
    box.targets === null ? words.plan_leaked(count) : words.plan_marked(count, box.targets.length);
  const until =
    plan.expires_at === null
      ? ''
      : clockText(state, Temporal.Instant.from(plan.expires_at).epochMilliseconds, 'minute');
  const frozen = plan.plan_id === null ? words.plan_here : words.plan_frozen(plan.plan_id, until);
  form.lines.push([span(`   ${what}`, 'warn')], [span(`   ${frozen}`)], lineOf('', 1));
  const room = Math.max(1, layoutOf(state).body_rows - FORM_LINES);
  // What would be kept is not hidden behind what would go.
  const sample = plan.items.toSorted(
    (a, b) => Number(a.outcome !== 'kept') - Number(b.outcome !== 'kept'),
  );
  form.lines.push(...sample.slice(0, room).map((item) => itemLine(state, item)));
  const more = plan.items.length - room;
  form.lines.push(more > 0 ? [span(`   ${words.plan_more(more)}`, 'dim')] : lineOf('', 1));
  if (count === 0) {
    form.lines.push([span(`   ${words.plan_nothing}`, 'warn')], lineOf('', 1));
    form.lines.push(buttons(words.keep_all, null, true));
    return done(state, form);
  }
  form.lines.push(...factLine(names.effect, words.plan_effect, state.columns));
  input(form, names.reason, '', box.reason, REASON, box.focus === 'reason');
  const word = `${words.type_word(String(count))} `;
  input(form, names.type, word, box.typed, TYPED, box.focus === 'typed');
  const go = box.is_busy ? wordsOf(state.session.lang).working : words.release_all(count);
  form.lines.push(buttons(words.keep_all, go, box.focus === 'keep'));
  return done(state, form);
}
