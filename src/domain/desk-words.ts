/**
 * The words of the desk, once: the console's `:` line and `petpro desk` take these, and where the command line has
 * the same act it has the same word. Two letters as desks know them from VistA (CI, NS, CA, MA). ux §1, §2.
 */

/** How much harm a word can do: mild is done and can be undone, moderate asks first. ux §2, danger tiers. */
type Tier = 'read' | 'mild' | 'moderate';

type DeskWord = {
  /** Two letters each; the first is the one that help shows. */
  readonly short: readonly string[];
  /** `rows`: one or several (`6 8-9`); `row`: one, more words may follow. */
  readonly takes: 'rows' | 'row' | 'text' | 'none';
  readonly tier: Tier;
};

export const desk_words = {
  'check-in': { short: ['ci'], takes: 'rows', tier: 'mild' },
  start: { short: ['in'], takes: 'rows', tier: 'mild' },
  complete: { short: ['co'], takes: 'rows', tier: 'mild' },
  'no-show': { short: ['ns'], takes: 'rows', tier: 'mild' },
  book: { short: ['ma', 'bk'], takes: 'text', tier: 'moderate' },
  reschedule: { short: ['mv'], takes: 'row', tier: 'moderate' },
  cancel: { short: ['ca'], takes: 'row', tier: 'moderate' },
  pay: { short: ['pa'], takes: 'row', tier: 'moderate' },
  undo: { short: ['un'], takes: 'row', tier: 'mild' },
  show: { short: ['sh'], takes: 'row', tier: 'read' },
  find: { short: ['fi'], takes: 'text', tier: 'read' },
  waitlist: { short: ['wl'], takes: 'text', tier: 'moderate' },
  day: { short: ['da'], takes: 'text', tier: 'read' },
  today: { short: ['to'], takes: 'none', tier: 'read' },
  resync: { short: ['re'], takes: 'none', tier: 'read' },
  more: { short: ['mo'], takes: 'none', tier: 'read' },
  status: { short: ['st'], takes: 'none', tier: 'read' },
  history: { short: ['hi'], takes: 'none', tier: 'read' },
  help: { short: ['he', '?'], takes: 'text', tier: 'read' },
  quit: { short: ['q'], takes: 'none', tier: 'read' },
} as const satisfies Readonly<Record<string, DeskWord>>;

export type DeskVerb = keyof typeof desk_words;

const isVerb = (word: string): word is DeskVerb => Object.hasOwn(desk_words, word);

/** All words, in the order in which help lists them. */
export const desk_verbs: readonly DeskVerb[] = Object.keys(desk_words).filter(isVerb);

/** The words that what was typed can mean: the one of that name or two letters, else all that begin so. */
export function deskVerbs(typed: string): readonly DeskVerb[] {
  const word = typed.toLowerCase();
  const exact = desk_verbs.find((verb) => {
    const short: readonly string[] = desk_words[verb].short;
    return verb === word || short.includes(word);
  });
  if (exact !== undefined) return [exact];
  return word === '' ? [] : desk_verbs.filter((verb) => verb.startsWith(word));
}
