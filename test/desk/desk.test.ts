import { expect, test } from 'vitest';
import { deskScene } from './scene.ts';
import { runScript, sitDown } from './terminal.ts';

// The desk as lines of text against a real daemon, database and payment sandbox.

const { env, booked } = await deskScene();

test('a row is checked in by its number, and taken back', async () => {
  const { reference, day } = await booked();
  const desk = sitDown({ env });
  await desk.expect('desk> ');
  const listed = await desk.type(`da ${day}`, /desk .*> $/);
  expect(listed).toContain('Mochi, Siti Rahmawati');
  const { out } = await runScript(`da ${day}\n`, { env });
  const number = /^\s*(\d+) .*/.exec(
    out.split('\n').find((line) => line.includes(reference)) ?? '',
  )?.[1];
  await desk.type(`ci ${number}`, 'Mochi, Siti Rahmawati: arrived (was booked).');
  await desk.type('un', /Took back the check-in of .*Mochi, Siti Rahmawati: booked\./);
  expect(await desk.end()).toBe(0);
  expect(desk.transcript()).not.toContain('\u001b');
});
