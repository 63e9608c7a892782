import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deskScene } from './scene.ts';
import { sitDown } from './terminal.ts';

// The sitting that docs/desk.md shows is one that took place: this one. `-u` writes it anew.

const { env, booked } = await deskScene();
const document = path.resolve(import.meta.dirname, '../../docs/desk.md');

/** Days, clocks and references are of the run; the document has those of an example. */
function asExample(text: string): string {
  const references = [...new Set(text.match(/BP\d{8}/g) ?? [])];
  const named = references.reduce(
    (all, reference, index) => all.replaceAll(reference, `BP1000012${7 + index}`),
    text,
  );
  return named
    .replace(/\b\w{3} \d{1,2} \w{3} \d{4}\b/g, 'Mon 23 Nov 2026')
    .replace(/\d{4}-\d{2}-\d{2}/g, '2026-11-23')
    .replace(/\b([01]\d|2[0-3]):[0-5]\d\b/g, '10:30')
    .replace(/\d+ ms/g, '9 ms')
    .replace(/\d+ seconds? ago/g, '3 seconds ago')
    .replace(/by \S+ 3 seconds/g, 'by desk 3 seconds')
    .replace(/IDR [\d,]+ \(\d+ %\)/g, 'IDR 250,000 (100 %)');
}

test('docs/desk.md shows a sitting that took place', async () => {
  const { reference } = await booked('at_clinic');
  const desk = sitDown({ env, flags: ['--lang', 'en'] });
  const first = await desk.expect('desk> ');
  await desk.type(`ci ${reference}`, 'desk> ');
  await desk.type('un', 'desk> ');
  await desk.type(`co ${reference}`, 'desk> ');
  await desk.type(`ca ${reference}`, 'y or N: ');
  desk.signal(130);
  await desk.expect('desk> ');
  await desk.type(`pa ${reference} cash`, 'desk> ');
  await desk.type('ma 7890 --pet mochi --service checkup', ': ');
  desk.signal(130);
  await desk.expect('desk> ');
  await desk.type('cii 6', 'desk> ');
  desk.send('q\n');
  await desk.code;
  const talk = asExample(
    desk
      .transcript()
      .slice(first.length - 'desk> '.length)
      .trimEnd(),
  );
  const text = fs.readFileSync(document, 'utf8');
  const shown = text.replace(/(<!-- sitting -->\n```\n)[\s\S]*?(\n```)/, `$1${talk}$2`);
  await expect(shown).toMatchFileSnapshot(document);
});
