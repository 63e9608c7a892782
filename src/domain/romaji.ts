import { displayWidth, padStartWidth, truncateWidth } from './width.ts';

/** Japanese in Latin letters (Hepburn), for printers that have no others. Kanji of names have no reading here. */

const vowels = ['a', 'i', 'u', 'e', 'o'] as const;
/** Rows of the kana table, in the order of the vowels; `-` where there is no sign. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  ['アイウエオ', vowels],
  ['カキクケコ', ['ka', 'ki', 'ku', 'ke', 'ko']],
  ['サシスセソ', ['sa', 'shi', 'su', 'se', 'so']],
  ['タチツテト', ['ta', 'chi', 'tsu', 'te', 'to']],
  ['ナニヌネノ', ['na', 'ni', 'nu', 'ne', 'no']],
  ['ハヒフヘホ', ['ha', 'hi', 'fu', 'he', 'ho']],
  ['マミムメモ', ['ma', 'mi', 'mu', 'me', 'mo']],
  ['ヤユヨ', ['ya', 'yu', 'yo']],
  ['ラリルレロ', ['ra', 'ri', 'ru', 're', 'ro']],
  ['ワヰヱヲン', ['wa', 'i', 'e', 'o', 'n']],
  ['ガギグゲゴ', ['ga', 'gi', 'gu', 'ge', 'go']],
  ['ザジズゼゾ', ['za', 'ji', 'zu', 'ze', 'zo']],
  ['ダヂヅデド', ['da', 'ji', 'zu', 'de', 'do']],
  ['バビブベボ', ['ba', 'bi', 'bu', 'be', 'bo']],
  ['パピプペポ', ['pa', 'pi', 'pu', 'pe', 'po']],
  ['ァィゥェォ', vowels],
  ['ャュョヴ', ['ya', 'yu', 'yo', 'vu']],
];
const kana: ReadonlyMap<string, string> = new Map(
  rows.flatMap(([signs, sounds]) =>
    Array.from(signs, (sign, index) => [sign, sounds[index] ?? ''] as const),
  ),
);

/** Our own words in kanji: those of receipts and day sheets. Longest first, so that no part wins over the whole. */
const words: readonly (readonly [string, string])[] = [
  ['領収書番号', 'Ryoshusho no.'],
  ['お支払い日時', 'Shiharai nichiji'],
  ['（以後接続なし）', ' (igo setsuzoku nashi)'],
  ['（記載なし）', ' (kisai nashi)'],
  ['登録カード', 'toroku kado'],
  ['お支払い', 'Shiharai'],
  ['内消費税', 'uchi shohizei'],
  ['仮押さえ', 'kari-osae'],
  ['予約番号', 'YOYAKU'],
  ['担当なし', 'tanto nashi'],
  ['飼い主様', 'Kainushi'],
  ['飼い主', 'KAINUSHI'],
  ['領収書', 'RYOSHUSHO'],
  ['ご来院', 'Raiin'],
  ['ご返金', 'Henkin'],
  ['診察室', 'shinsatsushitsu'],
  ['全担当', 'zen tanto'],
  ['予約表', 'YOYAKU-HYO'],
  ['予約は', 'Yoyaku wa '],
  ['時刻', 'JIKOKU'],
  ['電話', 'DENWA'],
  ['内容', 'NAIYO'],
  ['担当', 'TANTO'],
  ['支払', 'HARAI'],
  ['未払', 'MIBAR'],
  ['待ち', 'machi'],
  ['返中', 'henchu'],
  ['一部', 'ichib'],
  ['返金', 'henkn'],
  ['失敗', 'SHIPP'],
  ['予約', 'yoyaku'],
  ['来院', 'raiin'],
  ['完了', 'kanryo'],
  ['無断', 'mudan'],
  ['取消', 'torikeshi'],
  ['時点', ' jiten'],
  ['印刷', ' insatsu'],
  ['料金', 'Ryokin'],
  ['残額', 'Zangaku'],
  ['現金', 'genkin'],
  ['振込', 'furikomi'],
  ['済', 'zumi'],
  ['件', 'ken'],
];

/** Kana in Latin letters: `ッ` doubles, `ー` lengthens, `キャ` is one sound. Other signs stay. */
function kanaText(text: string): string {
  let out = '';
  let is_doubled = false;
  for (const sign of text) {
    if (sign === 'ッ') {
      is_doubled = true;
      continue;
    }
    const sound = kana.get(sign);
    if (sign === 'ー') {
      // The sound before it, longer: left out, as on signs in stations.
    } else if (sound === undefined) out += sign;
    else if ('ャュョ'.includes(sign) && /i$/.test(out)) {
      const is_soft = /(?:sh|ch|j)i$/.test(out);
      out = `${out.slice(0, -1)}${is_soft ? sound.slice(1) : sound}`;
    } else if ('ァィゥェォ'.includes(sign) && /[aiueo]$/.test(out)) {
      out = `${out.slice(0, -1)}${sound}`;
    } else if (is_doubled) out += `${sound.startsWith('ch') ? 't' : sound.charAt(0)}${sound}`;
    else out += sound;
    is_doubled = false;
  }
  return out;
}

const japanese = /[\u3040-\u30ff\u3400-\u9fff\uff01-\uffee]/;

/** The text with what can be said in Latin letters said so; kanji of names stay as they are. */
export function romajiOf(text: string): string {
  if (!japanese.test(text)) return text;
  let said = text.normalize('NFKC');
  for (const [word, latin] of words) said = said.replaceAll(word.normalize('NFKC'), latin);
  return said
    .replace(/[ぁ-ゖァ-ヺー]+/g, (run) => {
      const katakana = run.replace(/[ぁ-ゖ]/g, (sign) =>
        String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0x60),
      );
      const latin = kanaText(katakana);
      return `${latin.charAt(0).toUpperCase()}${latin.slice(1)}`;
    })
    .replaceAll('。', '.');
}

/** A finished receipt of `width` columns in Latin letters, its lines set in the middle and to the right anew. */
export function romajiPaper(text: string, width: number): string {
  const lines = text.split('\n').map((line) => {
    if (!japanese.test(line)) return line;
    const [, label = '', value = ''] = /^(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    if (value !== '') {
      const room = Math.max(1, width - displayWidth(romajiOf(label)) - 1);
      return `${romajiOf(label)} ${padStartWidth(romajiOf(value), room)}`;
    }
    const said = truncateWidth(romajiOf(line.trim()), width);
    if (!line.startsWith(' ')) return said;
    const is_right = displayWidth(line) === width && line.trimStart().length < width / 2;
    return is_right
      ? padStartWidth(said, width)
      : ' '.repeat(Math.floor((width - displayWidth(said)) / 2)) + said;
  });
  return lines.join('\n');
}
