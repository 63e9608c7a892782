import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Role, roles } from '../../src/domain/roles.ts';
import { en } from '../../src/tui/i18n/en.ts';
import {
  action_ids,
  bindingFor,
  bindings,
  keyName,
  placesOf,
  refusal,
  shownBindings,
  startPlace,
} from '../../src/tui/keys.ts';
import { keysOf } from '../../src/tui/keys-input.ts';
import type { ScreenName } from '../../src/tui/model.ts';
import { session } from './driver.ts';

const screens: readonly ScreenName[] = [
  'board',
  'detail',
  'book',
  'find',
  'confirm',
  'help',
  'palette',
  'filter',
  'money',
  'payment',
  'deed',
  'move',
  'pay',
  'receipt',
  'trace',
  'link',
  'changed',
  'waitlist',
  'bulk',
  'journal',
  'diff',
  'switch',
  'locks',
  'inspect',
  'release',
  'cleanup',
  'jobs',
  'job',
  'jobdeed',
  'events',
  'health',
  'fact',
  'reconcile',
  'healthdeed',
  'load',
  'run',
  'compare',
  'start',
  'print',
  'caller',
];

const no_key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  tab: false,
  shift: false,
  backspace: false,
  delete: false,
  ctrl: false,
  meta: false,
};

describe('the key table', () => {
  it.each(screens)('gives each key one meaning on the screen %s', (screen) => {
    const keys = bindings.filter((row) => row.screens.includes(screen)).flatMap((row) => row.keys);
    expect(keys.toSorted()).toEqual([...new Set(keys)].toSorted());
  });

  it('binds every action and names it', () => {
    expect(bindings.map((row) => row.id).toSorted()).toEqual(action_ids.toSorted());
    for (const row of bindings) expect(en.actions[row.id]).not.toBe('');
  });

  it('opens a dialog with another key than the one that confirms', () => {
    const opens = bindings.filter((row) => row.dangerous && row.screens.includes('board'));
    const confirms = bindings.filter((row) => row.dangerous && row.screens.includes('confirm'));
    expect(opens.map((row) => row.id)).toEqual(['move', 'cancel', 'resend', 'pay']);
    expect(confirms.map((row) => row.id)).toEqual(['confirm_yes']);
    const clash = opens.flatMap((row) => row.keys).filter((key) => confirms[0]?.keys.includes(key));
    expect(clash).toEqual([]);
    expect(confirms[0]?.keys).not.toContain('enter');
  });

  it('opens every dangerous dialog with another key than the one that confirms', () => {
    const pairs: readonly (readonly [string, ScreenName])[] = [
      ['move', 'move'],
      ['pay', 'pay'],
      ['resend', 'bulk'],
      ['arrived', 'bulk'],
      ['refund_approve', 'deed'],
      ['refund_handed', 'deed'],
      ['money_settle', 'deed'],
      ['lock_release', 'release'],
      ['lock_plan', 'cleanup'],
      ['job_retry', 'jobdeed'],
      ['job_discard', 'jobdeed'],
      ['job_pause', 'jobdeed'],
      ['health_mute', 'healthdeed'],
      ['health_refresh', 'healthdeed'],
      ['load_start', 'start'],
      ['load_start', 'confirm'],
    ];
    for (const [id, dialog] of pairs) {
      const opens = bindings.find((row) => row.id === id)!;
      const confirms = bindings.filter((row) => row.dangerous && row.screens.includes(dialog));
      expect(confirms.length).toBeGreaterThan(0);
      const keys = confirms.flatMap((row) => row.keys);
      expect(keys.filter((key) => opens.keys.includes(key) || key === 'enter')).toEqual([]);
    }
  });

  it('gives each role its screens, and the reason for the others', () => {
    const has = (role: Role) => placesOf({ role, read_only: false });
    expect(has('viewer')).toEqual(['board']);
    expect(has('desk')).toEqual(['board', 'money']);
    expect(has('manager')).toEqual(['board', 'money', 'health']);
    expect(has('ci')).toEqual(['board', 'money', 'load']);
    expect(has('sre')).toEqual(['board', 'locks', 'jobs', 'health', 'load', 'events']);
    expect(has('admin')).toEqual(['board', 'money', 'locks', 'jobs', 'health', 'load', 'events']);
    const five = bindingFor('board', '5')!;
    expect(refusal(five, { role: 'desk', read_only: false })).toBe('role');
    const [one, eight] = [bindingFor('locks', '1')!, bindingFor('locks', '8')!];
    expect([one.id, eight.id]).toEqual(['screen_board', 'screen_load']);
    const starts = roles.map((role) => startPlace({ role }));
    expect(starts.filter((place) => place !== 'board')).toEqual(['locks', 'load']);
  });

  it('uses no key that terminals or shells keep for themselves', () => {
    const eaten = ['ctrl-s', 'ctrl-q', 'ctrl-h', 'ctrl-i', 'ctrl-m', 'ctrl-z', 'ctrl-c'];
    const used = bindings.flatMap((row) => row.keys);
    expect(used.filter((key) => eaten.includes(key) || /^f\d+$/.test(key))).toEqual([]);
  });

  it('leaves changing keys out for those who may not change', () => {
    const shown = shownBindings('board', session({ role: 'viewer' })).map((row) => row.id);
    expect(shown).not.toContain('cancel');
    expect(shown).not.toContain('arrived');
    expect(shown).toContain('open');
    const read_only = shownBindings('board', session({ read_only: true }));
    expect(read_only.some((row) => row.mutates)).toBe(false);
    const cancel = bindings.find((row) => row.id === 'cancel')!;
    expect(refusal(cancel, { role: 'viewer', read_only: false })).toBe('role');
    expect(refusal(cancel, { role: 'desk', read_only: true })).toBe('read_only');
    expect(refusal(cancel, { role: 'desk', read_only: false })).toBeNull();
  });

  it('takes full-width letters as plain ones', () => {
    expect(bindingFor('board', 'ａ')?.id).toBe('arrived');
    expect(bindingFor('board', '？')?.id).toBe('help');
    expect(bindingFor('board', 'あ')).toBeNull();
  });
});

describe('docs/console.md', () => {
  it('lists every key of the table, with its words', () => {
    const file = path.resolve(import.meta.dirname, '../../docs/console.md');
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    const missing = bindings
      .map(
        (row) =>
          `| ${row.keys.map((key) => `\`${keyName(key)}\``).join(' ')} | ${en.actions[row.id]} |`,
      )
      .filter((wanted) => !lines.some((line) => line.startsWith(wanted)));
    expect(missing).toEqual([]);
  });
});

describe('keysOf', () => {
  it('takes type-ahead that arrives as one chunk apart', () => {
    expect(keysOf('b3456\r\t', no_key)).toEqual(['b', '3', '4', '5', '6', 'enter', 'tab']);
    expect(keysOf('a\u0007\u007f', no_key)).toEqual(['a', 'ctrl-g', 'backspace']);
  });

  it('keeps graphemes whole', () => {
    expect(keysOf('が👩‍⚕️', no_key)).toEqual(['が', '👩‍⚕️']);
  });

  it('names special keys', () => {
    expect(keysOf('', { ...no_key, tab: true, shift: true })).toEqual(['shift-tab']);
    expect(keysOf('', { ...no_key, upArrow: true })).toEqual(['up']);
    expect(keysOf('r', { ...no_key, ctrl: true })).toEqual(['ctrl-r']);
    expect(keysOf('x', { ...no_key, meta: true })).toEqual(['esc', 'x']);
    expect(keysOf('', { ...no_key, meta: true, return: true })).toEqual(['esc', 'enter']);
    expect(keyName('ctrl-r')).toBe('Ctrl-R');
  });
});
