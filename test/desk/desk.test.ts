import { expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { startProxy } from '../helpers/proxy.ts';
import { deskScene } from './scene.ts';
import { runScript, type SatDown, sitDown } from './terminal.ts';

// The desk as lines of text against a real daemon, database and payment sandbox.

const { env, booked, freshSlot, harness, tokens, clinicId } = await deskScene();

/** Sits down at the day of a booking; gives the number of its row. */
async function atRowOf(
  booking: { readonly reference: string; readonly day: string },
  flags: readonly string[] = [],
): Promise<{ readonly desk: SatDown; readonly row: string }> {
  const { out } = await runScript(`da ${booking.day}\n`, { env });
  const line = out.split('\n').find((one) => one.includes(booking.reference)) ?? '';
  const row = /^\s*(\d+) /.exec(line)?.[1] ?? '';
  const desk = sitDown({ env, flags });
  await desk.expect('desk> ');
  await desk.type(`da ${booking.day}`, /desk .*> $/);
  return { desk, row };
}

/** Answers a yes until it is taken: what comes in the first moments is not. */
async function insist(desk: SatDown, answer: string, wanted: string | RegExp): Promise<string> {
  const pattern = typeof wanted === 'string' ? wanted : wanted.source;
  for (;;) {
    const said = await desk.type(answer, new RegExp(`${pattern}|Do it|実行しますか`));
    if (new RegExp(pattern).test(said)) return said;
  }
}

test('a visit goes from booked to completed by its number, and nothing moves the cursor', async () => {
  const booking = await booked('at_clinic');
  const { desk, row } = await atRowOf(booking);
  await desk.type(`ci ${row}`, `${row} Mochi, Siti Rahmawati: arrived (was booked).`);
  await desk.type('un', /Took back the check-in of .*Mochi, Siti Rahmawati: booked\./);
  await desk.type(
    `co ${row}`,
    /not possible, it is booked\.\nPossible: ci check-in, in start, ns no-show, ca cancel\./,
  );
  await desk.type(`in ${row}`, ': in room (was booked).');
  await desk.type(`co ${row}`, /: completed \(was in room\)\.[\s\S]*250,000 still to be paid/);
  await desk.type(`pa ${row}`, 'Which, 1 to 3? Enter leaves:');
  await desk.type('1', 'taken, cash. All is paid.');
  await desk.type(`pa ${row}`, 'Nothing is left to pay.');
  const shown = await desk.type(`sh ${row}`, 'Last change:');
  expect(shown).toContain(`${booking.reference}: `);
  expect(shown).toContain('Phone +62 812-3456-7890.');
  expect(await desk.end()).toBe(0);
  expect(desk.transcript()).not.toContain('\u001b');
  expect(desk.transcript()).not.toContain('\r');
});

test('a cancel shows its refund, keeps by default, and acts on the row that was printed', async () => {
  const booking = await booked();
  const { desk, row } = await atRowOf(booking);
  await desk.type(`ca ${row}`, 'Do it? y or N: ');
  expect(desk.transcript()).toMatch(
    /This cancels .*Mochi, Siti Rahmawati.*refund IDR [\d,]+ \(\d+ %\)/,
  );
  await insist(desk, '', 'Kept as it was');
  await cli(['check-in', booking.reference], { env });
  const changed = await desk.type(
    `ca ${row}`,
    /It has changed since it was printed: now arrived, by .* ago\./,
  );
  expect(changed).toContain(`${row.padStart(2)} ${booking.time} arrived: Mochi`);
  await desk.type('!!', 'Do it? y or N: ');
  await insist(desk, 'y', /Cancelled: .*Refund IDR [\d,]+\..*un takes it back/);
  await desk.type('un', 'Took back the cancel of');
  const moved = await freshSlot();
  await desk.type('re', /desk .*> $/);
  await desk.type(`mv ${row} ${moved.day} ${moved.time}`, 'Do it? y or N: ');
  await insist(
    desk,
    'ya',
    new RegExp(`Moved: Mochi, Siti Rahmawati to ${moved.day} ${moved.time}`),
  );
  expect(await desk.end()).toBe(0);
});

test('a caller is booked in six answers, and Ctrl-C gives the hold back', async () => {
  const slot = await freshSlot();
  const desk = sitDown({ env });
  await desk.expect('desk> ');
  await desk.type('ma 7890', 'Which pet?');
  await desk.type('moc', 'Which service?');
  await desk.type('1', /Day, as fri or \+2d/);
  await desk.type('long ago', '"long ago" is no day or time');
  await desk.type(slot.day, 'Enter leaves:');
  await desk.type(
    slot.time,
    /Held: .*until \d\d:\d\d \(10 minutes\)\.[\s\S]*Enter takes payment link:/,
  );
  desk.signal(130);
  await desk.expect(/The hold was given back\.[\s\S]*Left; nothing more was done\.[\s\S]*desk> /);
  const free = await harness.sql`select 1 from slot_claims where slot_id = ${slot.id}`;
  expect(free).toHaveLength(0);

  const line = `ma 7890 --pet mochi --service checkup --at "${slot.day} ${slot.time}"`;
  await desk.type(line, 'Enter takes payment link:');
  const held = await desk.type('', /Held BP\d{8}: Mochi, Siti Rahmawati.*\n.*\n?.*http/);
  const reference = /BP\d{8}/.exec(held)?.[0] ?? '';
  expect(held).toContain(harness.stripe_url);
  await desk.type(
    `ma 7890 --pet mochi --service checkup --at "${slot.day} ${slot.time}"`,
    'is not free',
  );
  const { out } = await runScript(`da ${slot.day}\n`, { env });
  expect(out).toMatch(new RegExp(`held until .*Mochi.*${reference}`));
  expect(await desk.end()).toBe(0);
});

test('somebody unknown becomes an owner by the number that was typed', async () => {
  const desk = sitDown({ env });
  await desk.expect('desk> ');
  await desk.type('ma zzzz', 'Nobody is found by "zzzz"');
  await desk.type('ma 0813-5550-1234', 'Nobody has +6281355501234');
  await desk.type('Wulan Baru', 'Name of the pet');
  await desk.type('Tahu', /Added: Wulan Baru with Tahu\.[\s\S]*Enter leaves:/);
  await desk.type('', 'Left; nothing more was done.');
  await desk.type('fi tahu', 'Wulan Baru +6281355501234 (Tahu)');
  await desk.type('ma', 'Enter takes Wulan Baru');
  desk.signal(130);
  await desk.expect('Left;');
  desk.signal(130);
  await desk.expect('q or Ctrl-D ends');
  desk.signal(130);
  expect(await desk.code).toBe(130);
});

test('a script stops at the first line that fails, with its exit code', async () => {
  const { reference } = await booked();
  const script = `# the morning\nci ${reference}\n\nci ${reference}\nin ${reference}\n`;
  const stopped = await runScript(script.replaceAll('\n', '\r\n'), { env });
  expect(stopped.out).toBe('Mochi, Siti Rahmawati: arrived (was booked).\n');
  expect(stopped.err).toContain(`line 4 (ci ${reference}): Mochi, Siti Rahmawati: not possible`);
  expect(stopped.code).toBe(9);
  const on = await runScript(`ci ${reference}\nin ${reference}`, { env, flags: ['--keep-going'] });
  expect(on.out).toBe('Mochi, Siti Rahmawati: in room (was arrived).\n');
  expect(on.code).toBe(14);
  expect((await runScript('q\nci 1\n', { env })).code).toBe(0);
  const numbers = await runScript('ci 1\n', { env });
  expect(numbers.err).toContain('No list was printed yet');
  expect(numbers.code).toBe(3);
});

test('nobody is asked in a pipe unless the script says that its lines are answers', async () => {
  const { reference } = await booked();
  const asked = await runScript(`ca ${reference}\ny\n`, { env });
  expect(asked.code).toBe(2);
  expect(asked.err).toContain('Nobody can be asked: add --yes.');
  const answered = await runScript(`ca ${reference}\ny\n`, { env, flags: ['--ask'] });
  expect(answered.out).toContain('Cancelled: ');
  expect(answered.code).toBe(0);
  const taken_back = await runScript(`un ${reference}\nca ${reference} --yes\n`, { env });
  expect(taken_back.out).toMatch(/Took back the cancel[\s\S]*Cancelled: /);
  const no_pet = await runScript('ma 7890 --service checkup\n', { env });
  expect(no_pet.err).toContain('add --pet Mochi');
});

test('many rows are counted and shown first; more than twenty are typed', async () => {
  const bookings = [await booked(), await booked()];
  const names = bookings.map(({ reference }) => reference);
  const refused = await runScript(`ci ${names.join(' ')}\n`, { env });
  expect(refused.err).toContain('2 rows become arrived.');
  const done = await runScript(`ci ${names.join(' ')} --yes\n`, { env });
  expect(done.out.match(/: arrived \(was booked\)\./g)).toHaveLength(2);
  const again = await runScript(`in ${names[0]}\nin ${names.join(' ')} --yes\n`, { env });
  expect(again.err).toContain('1 done, 1 not.');
  expect(again.code).toBe(14);
});

test('programs get one document per line', async () => {
  const { reference } = await booked();
  const flags = ['-o', 'jsonl', '--keep-going'];
  const { out, err, code } = await runScript(`ci ${reference}\nxx\n`, { env, flags });
  expect(err).toBe('');
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      line: `ci ${reference}`,
      exit: 0,
      said: ['Mochi, Siti Rahmawati: arrived (was booked).'],
      error: null,
    },
    {
      line: 'xx',
      exit: 2,
      said: [],
      error: { code: 'invalid_input', detail: '"xx" is no word here. Type he for the list.' },
    },
  ]);
  expect(code).toBe(14);
  const json = await runScript('st\n', { env, flags: ['--json'] });
  expect(json.code).toBe(2);
  expect(JSON.parse(json.out).error.next).toBe('petpro desk -o jsonl');
});

test('who only looks changes nothing, and a customer has no desk', async () => {
  const { reference } = await booked();
  const looked = await runScript(`sh ${reference}\nci ${reference}\n`, {
    env,
    flags: ['--read-only'],
  });
  expect(looked.out).toContain(`${reference}: `);
  expect(looked.err).toContain('This sitting only looks');
  expect(looked.code).toBe(9);
});

test('status comes when it is asked for, and says what has changed since the list', async () => {
  const booking = await booked();
  const { desk, row } = await atRowOf(booking);
  await desk.type('st', 'Nothing has changed since the list of');
  await cli(['check-in', booking.reference], { env });
  await desk.type('st', /1 row has changed since the list of \d\d:\d\d: type re\./);
  await desk.type('re', new RegExp(`${row} ${booking.time} arrived: Mochi`));
  await desk.type('mo', 'That was the last row.');
  await desk.type('he ci', 'Example: ci 6 8-9');
  desk.send('q\n');
  expect(await desk.code).toBe(0);
});

test('Japanese fits forty columns, full-width letters are folded, refusals are in its words', async () => {
  const booking = await booked();
  const desk = sitDown({ env, flags: ['--lang', 'ja'], columns: 40 });
  await desk.expect('desk> ');
  await desk.type(`ｓｈ　${booking.reference}`, '最後の変更');
  await desk.type(`co ${booking.reference}`, /できません。今は\s*「予約済み」です。/);
  await desk.type('ci 99', /99 行はありません/);
  await desk.type(`ca ${booking.reference}`, '実行しますか?');
  await insist(desk, 'はい', '取り消しました');
  expect(await desk.end()).toBe(0);
});

test('without an answer the kept day is read, nothing is changed, and the line can be repeated', async () => {
  const { reference, day } = await booked();
  const proxy = await startProxy(Number(new URL(harness.daemon.url).port));
  const away = {
    ...env,
    PETPRO_URL: `http://127.0.0.1:${proxy.port}`,
    PETPRO_TOKEN: tokens.desk,
    PETPRO_CLINIC: clinicId(),
  };
  const desk = sitDown({ env: away, flags: ['--lang', 'en', '--timeout', '2s'] });
  await desk.expect('desk> ');
  proxy.set('cut');
  await desk.type('re', /OFFLINE: the server does not answer\. This is the day as of \d\d:\d\d/);
  await desk.type(`ci ${reference}`, /does not answer \(\d\d:\d\d\)\. Nothing was changed\./);
  proxy.set('pass');
  // The request arrives and its answer does not: the same line once more must not be a conflict.
  const listed = await runScript(`da ${day}\n`, { env });
  const line = listed.out.split('\n').find((one) => one.includes(reference)) ?? '';
  const row = /^\s*(\d+) /.exec(line)?.[1] ?? '';
  await desk.type(`da ${day}`, /desk .*> $/);
  proxy.set('half_open');
  await desk.type(`ci ${row}`, /whether it was done is not known\.[\s\S]*desk .*> $/);
  proxy.set('pass');
  await desk.type('!!', 'Mochi, Siti Rahmawati: arrived (was booked).');
  expect(await desk.end()).toBe(0);
}, 30_000);
