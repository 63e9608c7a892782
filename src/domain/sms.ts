/** How a text travels as SMS (3GPP TS 23.038): 7 bits for the signs of GSM, else 16 bits for all. */

const gsm_basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ' +
  'ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** These take an escape sign before them. */
const gsm_extended = '^{}\\[~]|€\f';

const basic: ReadonlySet<string> = new Set(gsm_basic);
const extended: ReadonlySet<string> = new Set(gsm_extended);

/** Units that fit one message, and each of several: their header takes some of the room. */
const room = {
  gsm7: { single: 160, part: 153 },
  ucs2: { single: 70, part: 67 },
} as const;

export type SmsSize = {
  readonly encoding: keyof typeof room;
  /** Septets, or UTF-16 code units. */
  readonly units: number;
  readonly segments: number;
};

function unitsOf(sign: string, encoding: keyof typeof room): number {
  if (encoding === 'ucs2') return sign.length;
  return extended.has(sign) ? 2 : 1;
}

/** Fills messages sign by sign: an escaped sign or a surrogate pair is never cut in two. */
function segmentsOf(signs: readonly string[], encoding: keyof typeof room): number {
  const { part } = room[encoding];
  let segments = 1;
  let used = 0;
  for (const sign of signs) {
    const units = unitsOf(sign, encoding);
    if (used + units > part) {
      segments += 1;
      used = 0;
    }
    used += units;
  }
  return segments;
}

/** How many messages a text is sent and charged as. */
export function smsSize(text: string): SmsSize {
  const signs = [...text];
  const is_gsm = signs.every((sign) => basic.has(sign) || extended.has(sign));
  const encoding = is_gsm ? 'gsm7' : 'ucs2';
  const units = signs.reduce((sum, sign) => sum + unitsOf(sign, encoding), 0);
  const segments = units <= room[encoding].single ? 1 : segmentsOf(signs, encoding);
  return { encoding, units, segments };
}

const typographic: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '…': '...',
  '\u00a0': ' ',
  '\u202f': ' ',
};

/** Signs that would double the price of a text without saying more. */
export function plainSms(text: string): string {
  return text.replace(/[‘’“”–—…\u00a0\u202f]/g, (sign) => typographic[sign] ?? sign);
}

/** The text, cut with `...` where it would take more messages than that. */
export function fitSms(text: string, segments_max: number): string {
  const plain = plainSms(text);
  if (smsSize(plain).segments <= segments_max) return plain;
  const signs = [...new Intl.Segmenter().segment(plain)].map(({ segment }) => segment);
  let low = 0;
  let high = signs.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const cut = `${signs.slice(0, middle).join('').trimEnd()}...`;
    if (smsSize(cut).segments <= segments_max) low = middle;
    else high = middle - 1;
  }
  return `${signs.slice(0, low).join('').trimEnd()}...`;
}

/** E.164: what a provider can dial. National numbers are ambiguous and are refused. */
export function dialable(phone: string): string | null {
  const packed = phone.replace(/[\s().-]/g, '').replace(/^00/, '+');
  return /^\+[1-9]\d{6,14}$/.test(packed) ? packed : null;
}
