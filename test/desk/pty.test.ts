import fs from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openPane, type Pane } from '../helpers/tmux.ts';
import { deskScene } from './scene.ts';

// The line mode of the real program on a real terminal.

const { env, booked } = await deskScene();
const main = path.resolve(import.meta.dirname, '../../src/main.ts');
let pane: Pane | null = null;

afterEach(async () => {
  await pane?.close();
  pane = null;
});

/** `set`: variables for the program alone; the terminal sets its own TERM. */
async function open(words: string, columns: number, set = '') {
  const script = path.join(env.PETPRO_HOME, 'sit.sh');
  const lines = [
    // Ctrl-C is meant for the program; the shell around it stays.
    'trap : INT',
    'before=$(stty -g)',
    `${set} '${process.execPath}' '${main}' ${words}`,
    'echo "EXIT $?"',
    'test "$before" = "$(stty -g)" && echo SAME-TTY',
    'exec sleep 600',
  ];
  fs.writeFileSync(script, lines.join('\n'));
  pane = await openPane({ columns, rows: 40, command: `sh ${script}`, env: env });
  return pane;
}

test('a sitting at a terminal draws nothing, leaves questions with Ctrl-C and ends with Ctrl-D', async () => {
  const { reference, day } = await booked();
  const shown = await open('desk', 80);
  await shown.expect('Type he for help');
  await shown.expect(/desk>\s*$/);
  await shown.type(`ca ${reference}`);
  await shown.keys('Enter');
  await shown.expect('Do it? y or N:');
  await shown.keys('C-c');
  await shown.expect('Left; nothing more was done.');
  await shown.keys('Up', 'Enter');
  await shown.expect('Arrow keys do nothing here');
  await shown.paste(`sh ${reference}\r\nda ${day}\r\n`);
  await shown.expect('Last change:');
  await shown.expect(/desk \w+ \d+ \w+ \d{4}>\s*$/);
  expect(await shown.ask('#{alternate_on} #{cursor_flag}')).toBe('0 1');
  await shown.keys('C-d');
  await shown.expect(/EXIT 0\s+SAME-TTY/);
}, 60_000);

test('the console is lines of text on a dumb terminal and where it is asked for', async () => {
  const shown = await open('tui --lang ja', 40, 'TERM=dumb');
  await shown.expect('役割は desk');
  await shown.type('ｓｔ');
  await shown.keys('Enter');
  await shown.expect('変わっていません');
  await shown.keys('C-c');
  await shown.expect('もう一度 Ctrl-C');
  await shown.keys('C-c');
  await shown.expect(/EXIT 130\s+SAME-TTY/);
  await shown.close();
  const heard = await open('tui', 80, 'ACCESSIBLE=1');
  await heard.expect('Type he for help');
  await heard.type('q');
  await heard.keys('Enter');
  await heard.expect(/EXIT 0\s+SAME-TTY/);
  await heard.close();
  const flagged = await open('tui --accessible --read-only', 80);
  await flagged.expect('Type he for help');
  await flagged.type('ci 1');
  await flagged.keys('Enter');
  await flagged.expect('This sitting only looks');
}, 60_000);
