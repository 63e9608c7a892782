import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { makeHistory, maskLine } from '../../src/commands/desk/history.ts';
import { cleanLine, LINE_MAX, openLines } from '../../src/commands/desk/lines.ts';
import { expandTargets, parseLine, splitWords } from '../../src/commands/desk/parse.ts';
import { numberRows } from '../../src/commands/desk/rows.ts';
import { wrapText } from '../../src/commands/desk/talk.ts';
import { deskWordsOf } from '../../src/commands/desk/words.ts';
import { tree } from '../../src/commands/tree.ts';
import { desk_verbs, desk_words, deskVerbs } from '../../src/domain/desk-words.ts';
import { displayWidth } from '../../src/domain/width.ts';
import { wordsOf } from '../../src/tui/i18n/text.ts';
import { commands } from '../../src/tui/palette-words.ts';
import { makeBoard } from '../../src/tui/rows.ts';
import { figureDay } from '../tui/fixture.ts';

const langs = ['en', 'ja', 'id'] as const;

describe('the words of the desk', () => {
  it('are those of the console, letter by letter', () => {
    const shorts = new Map<string, string>(
      desk_verbs.flatMap((verb) => desk_words[verb].short.map((short) => [short, verb] as const)),
    );
    const clashes = commands.flatMap(({ word, short }) => {
      const mine = desk_verbs.find((verb) => verb === word);
      const list: readonly string[] = mine === undefined ? [] : desk_words[mine].short;
      if (mine !== undefined && short !== null) return list.includes(short) ? [] : [word];
      return short !== null && shorts.has(short) ? [`${short}: ${word}`] : [];
    });
    expect(clashes).toEqual([]);
    expect(shorts.size).toBe(desk_verbs.flatMap((verb) => desk_words[verb].short).length);
  });

  it('are those of the command line, where it does the same', () => {
    const paths = new Set(tree.flatMap(({ path }) => [path, path.split(' ')[0] ?? '']));
    const own = ['show', 'day', 'resync', 'more', 'status', 'history', 'quit'];
    expect(desk_verbs.filter((verb) => !paths.has(verb))).toEqual(own);
  });

  it('name states and payments as the console does, in each language', () => {
    for (const lang of langs) {
      const [mine, board] = [deskWordsOf(lang), wordsOf(lang)];
      const { letters } = board;
      const { states } = mine;
      expect([states.booked, states.arrived, states['in-progress'], states.completed]).toEqual([
        letters['-'],
        letters.A,
        letters.I,
        letters.C,
      ]);
      expect([states['no-show'], states.cancelled, states.late, mine.held]).toEqual([
        letters.N,
        letters.x,
        letters['!'],
        letters.H,
      ]);
      expect(mine.pays).toEqual(board.pay_long);
    }
  });

  it('number the rows of a day as the board does', () => {
    const { items } = figureDay();
    const board = makeBoard(items, 0, false).filter((row) => row.number !== null);
    const mine = numberRows(items);
    expect(mine.map(({ number, row }) => [number, row.reference_code])).toEqual(
      board.map(({ number, row }) => [number, row.reference_code]),
    );
    expect(mine.length).toBeGreaterThan(5);
  });

  it('are found by two letters and by any beginning that means one', () => {
    expect(deskVerbs('CI')).toEqual(['check-in']);
    expect(deskVerbs('bk')).toEqual(['book']);
    expect(deskVerbs('resch')).toEqual(['reschedule']);
    expect(deskVerbs('re')).toEqual(['resync']);
    expect(deskVerbs('c')).toEqual(['check-in', 'complete', 'cancel']);
    expect(deskVerbs('')).toEqual([]);
  });
});

const en = deskWordsOf('en');
const detailOf = (line: string) => {
  try {
    return parseLine(line, en);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
};

describe('a line', () => {
  it('is split at blanks, with quotes, widths folded and references joined', () => {
    expect(splitWords('ma "siti rahma" --at="fri 11:15" \'x')).toEqual([
      'ma',
      'siti rahma',
      '--at=fri 11:15',
      'x',
    ]);
    expect(parseLine('ｃａ　６', en)).toEqual({ verb: 'cancel', words: ['6'], flags: {} });
    expect(parseLine('sh bp1000 0127', en).words).toEqual(['BP10000127']);
    expect(parseLine('ci6', en).words).toEqual(['6']);
    expect(parseLine('bk 7890 --pay cash --at "fri 11:15"', en).flags).toEqual({
      pay: 'cash',
      at: 'fri 11:15',
    });
  });

  it('that cannot be understood is refused with what is known', () => {
    expect(detailOf('cancle 6')).toBe('"cancle" is no word here. Did you mean cancel (ca)?');
    expect(detailOf('cii 6')).toBe('"cii" is no word here. Did you mean check-in (ci)?');
    expect(detailOf('fri')).toBe('"fri" is no word here. Type he for the list.');
    expect(detailOf('c 6')).toContain('check-in (ci), complete (co), cancel (ca)');
    expect(detailOf('ca 6 --force')).toBe('cancel takes no --force, but --by, --reason, --yes.');
    expect(detailOf('ca 6 --by')).toBe('--by needs a value after it.');
    expect(detailOf('constructor')).toContain('is no word here');
    expect(detailOf('ca 6 --constructor x')).toContain('takes no --constructor');
  });

  it('names rows, ranges and references, and not too many', () => {
    expect(expandTargets(['6', '8-9,12', 'bp10000127', '6'])).toEqual([
      '6',
      '8',
      '9',
      '12',
      'BP10000127',
    ]);
    expect(expandTargets(['1-9999'])).toBeNull();
    expect(expandTargets(['9-1'])).toBeNull();
    expect(expandTargets(['six'])).toBeNull();
  });

  it('loses what arrow keys leave in it', () => {
    expect(cleanLine('\u001b[A\u001b[1;5Cci\u001bOP 6\u0007')).toBe('ci 6');
  });
});

describe('lines', () => {
  const read = async (chunks: readonly string[]) => {
    const input = new PassThrough();
    const lines = openLines(input);
    for (const chunk of chunks) input.write(chunk);
    input.end();
    const texts: string[] = [];
    for (;;) {
      const answer = await lines.next();
      if (answer.kind !== 'line') return texts;
      texts.push(answer.line.text);
    }
  };

  it('end with any line end, also one that arrives in halves, and without one', async () => {
    expect(await read(['a\r\nb\r', '\nc\rd\n', 'e'])).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await read(['\n\n'])).toEqual(['', '']);
    const kana = Buffer.from('ムギ\n');
    const input = new PassThrough();
    const lines = openLines(input);
    input.write(kana.subarray(0, 2));
    input.end(kana.subarray(2));
    expect(await lines.next()).toMatchObject({ kind: 'line', line: { text: 'ムギ' } });
  });

  it('are bounded in length, and thousands of them wait in the pipe', async () => {
    const [long] = await read([`${'x'.repeat(LINE_MAX * 2)}\n`]);
    expect(long).toHaveLength(LINE_MAX);
    const many = await read([Array.from({ length: 5_000 }, (_, n) => `${n}\n`).join('')]);
    expect(many).toHaveLength(5_000);
    expect(many.at(-1)).toBe('4999');
  });

  it('are left by Ctrl-C, which forgets what was typed ahead', async () => {
    const input = new PassThrough();
    const lines = openLines(input);
    expect(lines.leave()).toBe(false);
    const waiting = lines.next();
    expect(lines.leave()).toBe(true);
    expect(await waiting).toEqual({ kind: 'left' });
    lines.end();
    expect(await lines.next()).toEqual({ kind: 'ended' });
  });
});

describe('the history of lines', () => {
  it('repeats lines by number and forgets secrets', () => {
    const history = makeHistory();
    for (const line of ['ci 6', 'hi', 'ma 4242 4242 4242 4242', 'ca 7', 'ca 7']) history.keep(line);
    expect(history.list()).toEqual(['!1 ci 6', '!2 ca 7']);
    expect([history.recall('!!'), history.recall('!1'), history.recall('!9')]).toEqual([
      'ca 7',
      'ci 6',
      null,
    ]);
    for (let n = 0; n < 80; n += 1) history.keep(`ci ${n}`);
    expect(history.recall('!1')).toBeNull();
    expect(history.list()).toHaveLength(10);
  });

  it('shows no card, key or password', () => {
    expect(maskLine('fi 4242 4242 4242 4242')).toBe('fi ***');
    expect(maskLine('ma Bearer abcdefghijklmnopqrstuvwxyz012345')).toBe('ma ***');
    expect(maskLine('fi redis://default:hunter2@host')).not.toContain('hunter2');
    expect(maskLine('ma +6281234567890')).toBe('ma +6281234567890');
  });
});

describe('text on a narrow terminal', () => {
  it('is broken at blanks, Japanese anywhere but before a closing sign', () => {
    const text = deskWordsOf('ja').cancel_effect(
      '10:30 ムギ, 山田 太郎, 健康診断',
      '250,000円',
      50,
      'owner',
    );
    const lines = wrapText(text, 40).split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(displayWidth(line)).toBeLessThanOrEqual(40);
      expect(line.trim()).not.toMatch(/^[、。」)]/);
    }
    expect(
      lines
        .map((line) => line.trim())
        .join('')
        .replaceAll(' ', ''),
    ).toBe(text.replaceAll(' ', ''));
    expect(wrapText('short', 40)).toBe('short');
  });
});
