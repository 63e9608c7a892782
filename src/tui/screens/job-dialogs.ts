import { displayWidth, padEndWidth, plainLine } from '../../domain/width.ts';
import { windowOf } from '../field.ts';
import { wordsOf } from '../i18n/text.ts';
import { jobFields, jobWord, plannedOf } from '../job-dialogs.ts';
import type { State } from '../model.ts';
import type { JobDeedBox, JobPlan, PlannedJob } from '../model-jobs.ts';
import { clockText, layoutOf } from '../selectors.ts';
import { type Line, lineOf, span, splitLine } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { FACT, factLine } from './locks.ts';

/** Retry, discard, pause: what would be touched first, then the reason; the safe choice has the focus. */

const REASON = 44;
const TYPED = 8;
/** Lines of the dialog that are not the sample. */
const FORM_LINES = 13;

function title(state: State, text: string): Line {
  const env = state.session.env.toUpperCase();
  const tone = env === 'PROD' ? 'banner' : 'accent';
  return splitLine([span(` ${text}`, 'error')], [span(` ${env} `, tone)], state.columns);
}

function itemLine(state: State, item: PlannedJob): Line {
  const words = wordsOf(state.session.lang).jobs;
  const name = padEndWidth(plainLine(item.name), 36);
  if (item.outcome === 'kept') return [span(` ! ${name} ${words.kept}`, 'warn')];
  const tone = item.outcome === 'done' ? 'ok' : 'plain';
  return [span(`   ${name} `, tone), span(plainLine(item.cause ?? ''), 'dim')];
}

function resultScreen(state: State, box: JobDeedBox, result: JobPlan): Screen {
  const { ops, jobs: words } = wordsOf(state.session.lang);
  const { body_rows } = layoutOf(state);
  const done = result.items.filter(({ outcome }) => outcome === 'done').length;
  const head = title(state, words.result_title(done, result.items.length - done));
  const lines = result.items.slice(box.top).map((item) => itemLine(state, item));
  const filled = fillLines([head, lineOf('', 1), ...lines], body_rows - 1, state.columns);
  return { lines: [...filled, lineOf(` ${ops.result_keys}`, state.columns, 'dim')], cursor: null };
}

function planLines(state: State, plan: JobPlan): readonly Line[] {
  const { ops, jobs: words } = wordsOf(state.session.lang);
  const until =
    plan.expires_at === null
      ? ''
      : clockText(state, Temporal.Instant.from(plan.expires_at).epochMilliseconds, 'minute');
  const frozen = plan.plan_id === null ? words.plan_here : words.plan_frozen(plan.plan_id, until);
  const room = Math.max(1, layoutOf(state).body_rows - FORM_LINES);
  const more = plan.items.length - room;
  return [
    [span(`   ${frozen}`)],
    lineOf('', 1),
    ...plan.items.slice(0, room).map((item) => itemLine(state, item)),
    more > 0 ? [span(`   ${ops.plan_more(more)}`, 'dim')] : lineOf('', 1),
  ];
}

/** The dialog of every deed of the jobs screen. */
export function jobDeedScreen(state: State, box: JobDeedBox): Screen {
  const { body_rows } = layoutOf(state);
  const all = wordsOf(state.session.lang);
  const { ops, jobs: words } = all;
  if (box.result !== null) return resultScreen(state, box, box.result);
  const { verb, queue, plan } = box;
  const lines: Line[] = [
    title(state, `${words.verbs[verb].toUpperCase()}  ${words.queues[queue].toUpperCase()}`),
    lineOf('', 1),
  ];
  const is_switch = verb === 'pause' || verb === 'resume';
  const count = plan === null ? 0 : plannedOf(plan);
  if (!is_switch && plan === null) lines.push([span(`   ${ops.waiting}`, 'dim')]);
  if (plan !== null) {
    lines.push([span(`   ${words.would[verb](count)}`, 'warn')], ...planLines(state, plan));
  }
  lines.push(...factLine(ops.lock_facts.effect, words.effects[verb], state.columns));
  let cursor: Screen['cursor'] = null;
  for (const name of jobFields(box)) {
    if (name === 'keep') continue;
    const columns = name === 'reason' ? REASON : TYPED;
    const lead = name === 'reason' ? '' : `${ops.type_word(jobWord(box) ?? '')} `;
    const { text, x } = windowOf(box[name], columns);
    const label = name === 'reason' ? ops.lock_facts.reason : ops.lock_facts.type;
    const before = `${padEndWidth(` ${label}`, FACT)}${lead}[`;
    const is_here = box.focus === name;
    if (is_here) cursor = { x: displayWidth(before) + x, y: lines.length };
    lines.push([
      span(padEndWidth(` ${label}`, FACT), 'dim'),
      span(`${lead}[`),
      span(padEndWidth(text, columns), is_here ? 'selected' : 'plain'),
      span(']'),
    ]);
  }
  const go = box.is_busy ? all.working : words.do_it(words.verbs[verb], is_switch ? null : count);
  lines.push(lineOf('', 1), [
    span('   '),
    span(` ${all.money.leave_it} `, box.focus === 'keep' ? 'selected' : 'plain'),
    span('    '),
    span(is_switch || count > 0 ? go : '', 'error'),
  ]);
  const keys = lineOf(` ${ops.dialog_keys}`, state.columns, 'dim');
  return { lines: [...fillLines(lines, body_rows - 1, state.columns), keys], cursor };
}
