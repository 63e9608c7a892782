/** Bytes for till printers that speak ESC/POS (Epson's command reference; most makes follow it). */

/** What the printer can be told to read. `utf8` needs a newer one. */
export const charsets = ['cp437', 'shift_jis', 'utf8'] as const;
export type Charset = (typeof charsets)[number];

const ESC = 0x1b;
const FS = 0x1c;
const GS = 0x1d;

const start: Readonly<Record<Charset, readonly number[]>> = {
  // ESC t 0: code page 437.
  cp437: [ESC, 0x74, 0],
  // FS & and FS C 1: two-byte signs, in the code of Shift JIS.
  shift_jis: [FS, 0x26, FS, 0x43, 1],
  // FS ( C, function 48: UTF-8.
  utf8: [FS, 0x28, 0x43, 2, 0, 48, 50],
};
/** Lines between the last one and the knife. */
const FEED_LINES = 4;
/** ESC d n feeds; GS V 66 0 cuts, leaving a point. */
const end = [ESC, 0x64, FEED_LINES, GS, 0x56, 66, 0];

/** Bytes 80 to FF of code page 437. */
const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

let shift_jis: ReadonlyMap<string, readonly number[]> | null = null;

/** Shift JIS from sign to bytes: the platform only decodes, so all of it is decoded once (10 ms). */
function shiftJisTable(): ReadonlyMap<string, readonly number[]> {
  if (shift_jis) return shift_jis;
  const decoder = new TextDecoder('shift_jis', { fatal: true });
  const table = new Map<string, readonly number[]>();
  const add = (bytes: readonly number[]) => {
    try {
      const sign = decoder.decode(Uint8Array.from(bytes));
      if (Array.from(sign).length === 1 && !table.has(sign)) table.set(sign, bytes);
    } catch {
      // No sign has these bytes.
    }
  };
  for (let byte = 0xa1; byte <= 0xdf; byte += 1) add([byte]);
  for (let first = 0x81; first <= 0xfc; first += 1) {
    if (first >= 0xa0 && first < 0xe0) continue;
    for (let second = 0x40; second <= 0xfc; second += 1) add([first, second]);
  }
  // Where others have the backslash, these printers have the yen.
  table.set('¥', [0x5c]);
  shift_jis = table;
  return table;
}

function bytesOf(sign: string, charset: Charset): readonly number[] | null {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x80) return [code];
  if (charset === 'utf8') return [...Buffer.from(sign, 'utf8')];
  if (charset === 'shift_jis') return shiftJisTable().get(sign) ?? null;
  const place = cp437.indexOf(sign);
  return place < 0 ? null : [0x80 + place];
}

/** A sign that the printer lacks loses its accents, or its width, before it is given up as `?`. */
function encode(
  text: string,
  charset: Charset,
): { readonly bytes: number[]; readonly lost: number } {
  const bytes: number[] = [];
  let lost = 0;
  for (const sign of text.normalize('NFC')) {
    const whole = bytesOf(sign, charset);
    if (whole) {
      bytes.push(...whole);
      continue;
    }
    const simpler = Array.from(sign.normalize('NFKD').replace(/\p{M}/gu, ''));
    const parts = simpler.map((part) => bytesOf(part, charset));
    if (parts.length > 0 && parts.every((part) => part !== null)) bytes.push(...parts.flat());
    else {
      bytes.push(0x3f);
      lost += 1;
    }
  }
  return { bytes, lost };
}

/** The text for the printer, each copy cut; `lost` counts the signs that became `?`. */
export function escposDocument(
  text: string,
  charset: Charset,
  copies = 1,
): { readonly bytes: Uint8Array; readonly lost: number } {
  const { bytes, lost } = encode(text, charset);
  // ESC @ forgets what the last program left behind.
  const copy = [ESC, 0x40, ...start[charset], ...bytes, ...end];
  return { bytes: Uint8Array.from(Array.from({ length: copies }, () => copy).flat()), lost };
}
