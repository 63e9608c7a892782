/** What somebody may have meant by a word that is not known. */

/** Edits that turn one word into the other; a swap of neighbours is one, because fingers do that. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [(row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j] ?? 0) + 1];
      steps.push((rows[i - 1]?.[j - 1] ?? 0) + same);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (i > 1 && j > 1 && swapped) steps.push((rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(Math.min(...steps));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** Longer words are not compared: nobody mistypes 64 signs of a command, and the time grows with the square. */
const LONGEST = 64;
/** More would be a list again. */
const NEAREST_MAX = 3;

/** The known words that come nearest, best first; none when nothing is near. */
export function nearest(word: string, known: readonly string[]): readonly string[] {
  if (word === '' || word.length > LONGEST) return [];
  const typed = word.toLowerCase();
  const near = known
    .map((one) => {
      const is_start = typed.length >= 3 && one.startsWith(typed);
      return { one, edits: is_start ? 0 : distance(typed, one.toLowerCase()) };
    })
    // A third of the word may be wrong; of short ones, one sign.
    .filter(
      ({ one, edits }) => edits <= Math.max(1, Math.floor(one.length / 3)) && edits < one.length,
    );
  const best = Math.min(...near.map(({ edits }) => edits));
  return near
    .filter(({ edits }) => edits === best)
    .map(({ one }) => one)
    .slice(0, NEAREST_MAX);
}
