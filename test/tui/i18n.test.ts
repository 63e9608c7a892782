import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import { dateText, moneyText, wordsOf, zoneName } from '../../src/tui/i18n/text.ts';
import type { Lang } from '../../src/tui/model.ts';
import { fitsHead, head_budgets } from '../../src/tui/screens/board.ts';
import {
  cause_columns,
  fact_columns,
  job_columns,
  queue_columns,
} from '../../src/tui/screens/jobs.ts';
import { run_columns } from '../../src/tui/screens/load.ts';
import { lock_columns } from '../../src/tui/screens/locks.ts';
import { fitsMoneyHead } from '../../src/tui/screens/money.ts';

const langs: readonly Lang[] = ['en', 'ja', 'id'];
const columns = 80;

describe.each(langs)('the words in %s', (lang) => {
  const words = wordsOf(lang);

  it('fit their columns', () => {
    for (const name of ['time', 'pet', 'owner', 'service', 'vet', 'pay', 'ref'] as const) {
      expect({ name, fits: fitsHead(name, words.heads[name]) }).toEqual({ name, fits: true });
    }
    const tight: readonly (readonly [number, readonly string[]])[] = [
      [head_budgets.pay, Object.values(words.pay_short)],
      [11, Object.values(words.link)],
      [12, Object.values(words.letters)],
      [12, Object.values(words.hints)],
      [8, Object.values(words.fields)],
      [head_budgets.pet, [words.open_row, words.blocked_row, words.held_row]],
    ];
    const long = tight.flatMap(([budget, texts]) =>
      texts.filter((text) => displayWidth(text) > budget),
    );
    expect(long).toEqual([]);
  });

  it('fit one line where they must', () => {
    const n = { booked: 199, inside: 19, late: 19, unresolved: 199, done: 199, held: 9, open: 99 };
    const lines = [
      ` ${words.board} ${words.counts(n)} `,
      ` ${words.offline_banner('10:41:07', '10:41:05', 30)}`,
      ` ${words.book_keys}`,
      ` ${words.find.keys_box}`,
      ` ${words.find.keys_list}`,
      ` ${words.find.hint}`,
      ` ${words.find.only_near}`,
      ` ${words.find.offline(99)}`,
      `   ${words.cancel_keep}      ${words.cancel_yes}    ${words.cancel_other}`,
      ` ${words.quit_text}   `,
      ` ! 10:42:07 ${words.refused_offline('10:41:07')} `,
      `   ${words.life.cancel_undo}`,
      `   ${words.life.cancel_shares('IDR 1,250,000', 'IDR 1,250,000')}`,
      `   ${words.life.due_then('IDR 50,000')}; ${words.life.later_cancel(50)}`,
      `    ${words.life.pay_keep}     ${words.life.pay_yes('IDR 1,250,000', words.life.methods.card_terminal)}`,
      `   [${' '.repeat(14)}]   ${words.life.pay_all}`,
      ` ! 10:42:07 ${words.life.nothing_to_undo} `,
      ` ! 10:42:07 ${words.life.hold_whole} `,
      ...Object.values(words.life.undo_refused).map(
        (why) => ` ERROR 10:42:07 ${words.life.not_undone('Mochi', why)} `,
      ),
      ...Object.values(words.money.next).map((next) => ` -> ${next}`),
      ...Object.values(words.money.deed_effects).map((text) => `   ${text}`),
      ` ${words.money.deed_keys}`,
    ];
    expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
  });

  it('fit the acts on many rows, the journal and the change of user', () => {
    const { desk } = words;
    const verbs = ['arrived', 'completed', 'no-show', 'message'] as const;
    expect(Object.values(desk.undoable).filter((text) => displayWidth(text) > 12)).toEqual([]);
    const lines = [
      ...verbs.flatMap((verb) => [
        ` ${desk.bulk_title(verb, 100)}`,
        `   ${desk.bulk_effects[verb]}`,
        `    ${desk.keep_rows}     ${desk.bulk_typed(verb, 100)}`,
        ` ERROR 10:42:07 ${desk.bulk_done(100, 100, verb)} `,
      ]),
      `   ${desk.bulk_count(100, 100)}`,
      `   ${desk.type_count(100)} [      ]`,
      `   ${desk.bulk_running(100, 100)}`,
      ` ! 10:42:07 ${desk.marks_first(100)} `,
      ` ! 10:42:07 ${desk.no_marks} `,
      ` 10:42:07 ${desk.nothing_to_redo} `,
      ` ! 10:42:07 ${desk.redo_changed('Mochi')} `,
      ` OK 10:42:07 ${desk.held('Mochi', '10:52')} `,
      ` ${desk.journal_keys}`,
      ` ${desk.journal_never}`,
      ` ${desk.switch_keys}`,
      `   ${desk.switch_refused}`,
      `   ${desk.no_undo_pay}`,
      `   ${desk.no_undo_move}`,
      ` ${desk.hold_keys}`,
      ` ${desk.diff_keys}`,
    ];
    expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
    expect(desk.bulk_yes('arrived', 3).startsWith('y ')).toBe(true);
    expect(desk.bulk_typed('arrived', 30).startsWith('Ctrl-G ')).toBe(true);
    expect(desk.journal_keys.startsWith('y ')).toBe(true);
  });

  it('fit the operators screens', () => {
    const { ops } = words;
    const tight: readonly (readonly [number, readonly string[]])[] = [
      [8, Object.values(ops.screens)],
      [7, Object.values(ops.classes)],
      [lock_columns.reserv, Object.values(ops.reservations)],
      [lock_columns.ttl, [ops.no_end]],
      [lock_columns.state, [`${ops.classes.live} ${ops.extended}`]],
      [lock_columns.holder + 1, [ops.lock_heads.holder]],
      [lock_columns.ttl, [ops.lock_heads.ttl]],
      [lock_columns.reserv, [ops.lock_heads.reserv]],
      [lock_columns.state, [ops.lock_heads.state]],
      [8, [ops.lock_heads.slot, ops.lock_heads.service]],
      [10, [...Object.values(ops.lock_facts), ...Object.values(ops.run_facts)]],
      [run_columns.verdict, Object.values(ops.verdicts)],
      ...Object.entries(ops.run_heads).map(
        ([name, text]) => [run_columns[name as keyof typeof run_columns], [text]] as const,
      ),
    ];
    const long = tight.flatMap(([budget, texts]) =>
      texts.filter((text) => displayWidth(text) > budget),
    );
    expect(long).toEqual([]);
    const lines = [
      ` ${ops.lock_counts({ live: 2_214, leaked: 12, ghost: 1, foreign: 11 })}`,
      ` ${ops.door_down}`,
      ` ${ops.door_absent}`,
      ` ${ops.dialog_keys}`,
      ` ${ops.start_keys}`,
      `    ${ops.keep_lock}     ${ops.release_it}`,
      `    ${ops.keep_all}     ${ops.release_all(200)}`,
      `    ${ops.start_keep}     ${ops.start_yes}`,
      `    ${ops.stop_keep}     ${ops.stop_yes}`,
      `   ${ops.stop_text}`,
      `   ${ops.quit_load}`,
      `   ${ops.start_effect}`,
      `   ${ops.plan_frozen('PL12345', '10:57')}`,
      `   ${ops.plan_here}`,
      `! 10:42:07 ${ops.marks_full(50)} `,
      `! 10:42:07 ${ops.server_refuses} `,
      ` ${ops.load_idle}`,
      ` ${ops.load_starting}`,
      ` ${ops.load_absent}`,
      `            ${ops.hold_too}`,
    ];
    expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
  });

  it('fit the queues, the causes, the jobs and the events', () => {
    const { jobs } = words;
    const columns_of = { ...queue_columns, error: 30 };
    const tight: readonly (readonly [number, readonly string[]])[] = [
      [queue_columns.queue, Object.values(jobs.queues)],
      [job_columns.state, Object.values(jobs.states)],
      [fact_columns, Object.values(jobs.facts)],
      ...Object.entries(jobs.queue_heads).map(
        ([name, text]) => [columns_of[name as keyof typeof columns_of], [text]] as const,
      ),
      [cause_columns.state, [jobs.cause_heads.state]],
      [cause_columns.count, [jobs.cause_heads.count]],
      [cause_columns.since, [jobs.cause_heads.since, jobs.cause_heads.last]],
      [job_columns.tries, [jobs.job_heads.tries]],
      [job_columns.ref, [jobs.job_heads.ref]],
    ];
    const long = tight.flatMap(([budget, texts]) =>
      texts.filter((text) => displayWidth(text) > budget),
    );
    expect(long).toEqual([]);
    const n = { ready: 120, running: 20, retry: 120, later: 1_200, dead: 120 };
    const texts = [
      ...Object.values(jobs.never),
      jobs.step_paused('20/11 10:42'),
      jobs.step_dead(null),
      jobs.step_later(120, '20/11 10:42'),
      jobs.step_cause,
      jobs.step_job,
      jobs.step_all,
      jobs.goes_by_itself,
    ].map((text) => ` -> ${text}`);
    const lines = [
      ...texts,
      ` ${jobs.all_quiet}`,
      ` ${jobs.job_keys}`,
      `   ${jobs.plan_frozen('PL12345', '10:57')}`,
      `   ${jobs.plan_here}`,
      ` ${jobs.queues.reminders}  ${jobs.counts(n)}`,
      ` ${jobs.title(1_240, 120, '12m')} ${jobs.progress(jobs.queues.outbox, 120, 99, 20, 1)} `,
      ` ${jobs.tail_title('payment.*')} ${jobs.tail_paused(918_201, 500)} `,
      `! 10:42:07 ${jobs.marks_full(50)} `,
      `! 10:42:07 ${jobs.goes_by_itself} `,
    ];
    expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
    expect(jobs.do_it('x', 3)).toContain('Ctrl-G');
    expect(jobs.do_it('x', 3)).toContain('3');
  });

  it('fit the lists of money and their columns', () => {
    const names = Object.values(words.money.sections).map((name) => ` ${name} 200 `);
    expect(displayWidth(names.join(''))).toBeLessThanOrEqual(columns);
    for (const name of ['when', 'amount', 'ref'] as const) {
      expect({ name, fits: fitsMoneyHead(name, words.money.heads[name]) }).toEqual({
        name,
        fits: true,
      });
    }
    const facts = Object.values(words.life.facts).filter((text) => displayWidth(text) > 10);
    expect(facts).toEqual([]);
  });

  it('name what the key does, as the keys are ASCII in every language', () => {
    expect(words.cancel_yes.startsWith('y ')).toBe(true);
    expect(words.cancel_other.startsWith('w ')).toBe(true);
    expect(words.quit_yes.startsWith('y ')).toBe(true);
    expect(words.life.pay_yes('1', 'x').startsWith('y ')).toBe(true);
    expect(words.life.move_yes('x').startsWith('y ')).toBe(true);
    expect(words.life.undo_left('00:30').startsWith('z ')).toBe(true);
    expect(words.money.do_it('x').startsWith('Ctrl-G ')).toBe(true);
    expect(words.ops.start_yes.startsWith('y ')).toBe(true);
    expect(words.ops.stop_yes.startsWith('y ')).toBe(true);
    expect(words.ops.release_it.startsWith('Ctrl-G ')).toBe(true);
    expect(words.ops.release_all(3)).toContain('Ctrl-G');
    expect(words.ops.release_all(3)).toContain('3');
  });
});

describe('dates, zones and money', () => {
  it('are written as people there write them', () => {
    expect(dateText('2026-11-20', 'en')).toBe('Fri 20 Nov 2026');
    expect(dateText('2026-11-20', 'id')).toBe('Jum 20 Nov 2026');
    expect(dateText('2026-11-20', 'ja')).toBe('2026/11/20(金)');
    const instant = Temporal.Instant.from('2026-11-20T03:00:00Z');
    expect(zoneName('Asia/Jakarta', instant)).toBe('WIB');
    expect(zoneName('Asia/Tokyo', instant)).toBe('JST');
    expect(zoneName('America/New_York', instant)).toBe('EST');
    expect(moneyText('250000.00', 'IDR', 'id')).toBe('Rp 250.000');
    expect(moneyText('250000.00', 'IDR', 'en')).toBe('IDR 250,000');
    expect(moneyText('12.50', 'XXX', 'en')).toBe('XXX 12.50');
  });
});
