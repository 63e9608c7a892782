/** What somebody typed to find an owner, taken apart. fold_text() of PostgreSQL says the same: 0063_search.sql. */

/** Any of these signs; said in text, because they mean nothing beside each other. */
const anyOf = (ranges: readonly string[], more = '') =>
  new RegExp(`[${ranges.join('')}]${more}`, 'g');

/** Vowel points, accents, joiners, marks of direction, and apostrophes, of which there are too many kinds. */
const dropped = anyOf([
  "'`\\u00ad\\u02bb\\u02bc\\u0300-\\u036f\\u0483-\\u0487\\u0591-\\u05bd\\u05bf\\u05c1",
  '\\u05c2\\u05c4-\\u05c5\\u05c7\\u064b-\\u065f\\u0670\\u200b-\\u200f',
  '\\u2018\\u2019\\u202a-\\u202e\\u2060-\\u206f\\ufe00-\\ufe0f\\ufeff',
]);
const between = anyOf(
  [
    '\\u0001-/:-@[-`{-\\u00bf\\u00d7\\u00f7\\u060c\\u061b\\u061f\\u06d4\\u2000-\\u205f',
    '\\u2e00-\\u2e5d\\u3000-\\u3004\\u3008-\\u3020\\u3030\\u303d\\u30fb',
  ],
  '+',
);

/** Letters as they are compared. Tables, because letters change with Unicode and an index must not. */
const letters: readonly (readonly [from: string, to: string])[] = [
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZÆŒÞŊẞØøĐđÐðŁłı', 'abcdefghijklmnopqrstuvwxyzæœþŋßooddddlli'],
  ['ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩς', 'αβγδεζηθικλμνξοπρστυφχψωσ'],
  ['АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏ', 'абвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџ'],
];
const doubled: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th' };

const KATAKANA_FIRST = 0x30a1;
const KATAKANA_LAST = 0x30f6;
/** From a katakana sign to the hiragana of the same sound. */
const KANA_STEP = 0x60;

const lower = new Map<string, string>(
  letters.flatMap(([from, to]) => {
    const small = [...to];
    return [...from].map((sign, index) => [sign, small[index] ?? sign] as const);
  }),
);
lower.set('ヽ', 'ゝ').set('ヾ', 'ゞ');
for (let code = KATAKANA_FIRST; code <= KATAKANA_LAST; code += 1) {
  lower.set(String.fromCodePoint(code), String.fromCodePoint(code - KANA_STEP));
}

/** No case, accents, widths, vowel points or kana of one kind; one space between words. */
export function foldText(text: string): string {
  const plain = text.normalize('NFKD').replace(dropped, '').normalize('NFC');
  const small = Array.from(plain, (sign) => lower.get(sign) ?? sign).join('');
  return small
    .replace(/[ßæœþ]/g, (sign) => doubled[sign] ?? sign)
    .replace(between, ' ')
    .replace(/^ +| +$/g, '');
}

/** An address as it is compared. */
export function foldEmail(text: string): string {
  const plain = text.normalize('NFKC').replace(/^ +| +$/g, '');
  const small = plain.replace(/[A-Z]/g, (sign) => sign.toLowerCase());
  return [...small].slice(0, 254).join('');
}

/** Digits that decide; longer is no number of anybody. */
const PHONE_MAX = 32;
/** Where a 0 goes before the number at home and is left out behind the country: Indonesia, Japan, Germany. */
const TRUNK_ZERO = /^(62|81|49)0/;
/** From this many on it is a number, and its 0 is not the first of a tail. */
const WHOLE_PHONE_MIN = 8;
/** Fewer digits would match half of the town. */
const PHONE_TAIL_MIN = 3;

const reversed = (digits: string) => [...digits].reverse().join('');

/** A number back to front, so that "ends with 5678" is a prefix; null without a digit. */
export function phoneKey(text: string): string | null {
  const plain = text.normalize('NFKC');
  const digits = plain.replace(/[^0-9]/g, '');
  const abroad = /^\s*(\+|00)/.test(plain);
  const number = abroad
    ? digits.replace(/^0+/, '').replace(TRUNK_ZERO, '$1')
    : digits.replace(/^0/, '');
  return number === '' ? null : reversed(number.slice(0, PHONE_MAX));
}

/** The keys that a number may stand under, as begun: with its country and as people say it at home. */
function phoneTails(text: string): readonly string[] {
  const digits = text.normalize('NFKC').replace(/[^0-9]/g, '');
  if (digits.length < WHOLE_PHONE_MIN) return [reversed(digits)];
  const key = phoneKey(text);
  if (key === null) return [];
  const said_at_home = /^\s*0(?!0)/.test(text.normalize('NFKC'));
  if (said_at_home) return [key];
  const at_home = reversed(reversed(key).replace(/^(62|81|49)0?(?=\d{7})/, ''));
  return [...new Set([key, at_home])];
}

export type SearchTerms = {
  /** Folded; several ways to write one word stand with | between. */
  readonly words: readonly string[];
  readonly email: string | null;
  /** Beginnings of phone keys. */
  readonly phones: readonly string[];
  /** BP and at least two digits. */
  readonly reference: string | null;
};

const WORDS_MAX = 6;
const WORD_MAX = 60;

/** Müller is also written Mueller, and Soeharto Suharto. */
function waysToWrite(word: string, spelled_out: string): string {
  const ways = [word, spelled_out];
  if (word.length > 2) ways.push(word.replace(/([aou])e/g, '$1'), word.replaceAll('oe', 'u'));
  return [...new Set(ways)].map((way) => way.slice(0, WORD_MAX)).join('|');
}

function wordsOf(text: string): readonly string[] {
  const split = (one: string) => foldText(one).split(' ');
  const long = text
    .normalize('NFC')
    .replace(/[äöüÄÖÜ]/g, (sign) => `${sign.normalize('NFD').slice(0, 1)}e`);
  const spelled_out = split(long);
  const words = split(text).map((word, index) => waysToWrite(word, spelled_out[index] ?? word));
  return [...new Set(words)].filter((word) => word !== '').slice(0, WORDS_MAX);
}

const nothing: SearchTerms = { words: [], email: null, phones: [], reference: null };
/** A number among words: "siti 0812 3456". */
const number_inside = /(?<![\p{L}\p{N}])\+?\d[\d\s().-]*\d(?![\p{L}\p{N}])/u;

/** What to look for; nothing at all when there is only punctuation. */
export function parseSearch(text: string): SearchTerms {
  const plain = text.normalize('NFKC').trim();
  const packed = plain.replace(/[\s-]/g, '').toUpperCase();
  if (/^BP\d{8}$/.test(packed)) return { ...nothing, reference: packed };
  if (/^BP\d{2,7}$/.test(packed)) return { ...nothing, reference: packed, words: wordsOf(plain) };
  if (/^\S*@\S*$/.test(plain) && plain.length > 2) return { ...nothing, email: foldEmail(plain) };
  const digits = plain.replace(/\D/g, '');
  if (/^[\d\s+()./-]+$/.test(plain) && digits.length >= PHONE_TAIL_MIN) {
    const reference = /^\d{8}$/.test(packed) ? `BP${packed}` : null;
    return { ...nothing, phones: phoneTails(plain), reference };
  }
  const number = number_inside.exec(plain)?.[0] ?? '';
  const words = wordsOf(plain.replace(number, ' '));
  const is_tail = number.replace(/\D/g, '').length >= PHONE_TAIL_MIN;
  if (is_tail && words.length > 0) return { ...nothing, words, phones: phoneTails(number) };
  return withAddress(plain, wordsOf(plain));
}

/** One word of letters may begin an address too: sitirah of sitirah@example.com. */
function withAddress(plain: string, words: readonly string[]): SearchTerms {
  const begins = /^[a-z][a-z0-9._+-]{2,}$/i.test(plain);
  return { ...nothing, words, email: begins ? foldEmail(plain) : null };
}
