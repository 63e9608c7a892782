import { AppError } from '../domain/errors.ts';
import { romajiOf, romajiPaper } from '../domain/romaji.ts';
import { displayWidth } from '../domain/width.ts';
import type { Charset } from './escpos.ts';
import { type Device, deliver, type PrintOut } from './paper-out.ts';

/** From pages of text to what a device reads. */

export const COPIES_MAX = 10;

export type Paper = {
  readonly title: string;
  readonly pages: readonly string[];
  readonly lang: 'en' | 'ja' | 'id';
  readonly copies: number;
};

/** `auto`: what the till printers of that language can do. */
export function charsetFor(asked: Charset | 'auto', lang: Paper['lang']): Charset {
  if (asked !== 'auto') return asked;
  return lang === 'ja' ? 'shift_jis' : 'cp437';
}

/** How texts must be spelled for the device before they are laid out; null = as they are. */
export function spellingFor(
  device: Device,
  asked: Charset | 'auto',
  lang: Paper['lang'],
): ((text: string) => string) | null {
  const is_latin = device.kind === 'escpos' && charsetFor(asked, lang) === 'cp437';
  return is_latin ? romajiOf : null;
}

/** Said when signs are missing on the paper; null when all are there. */
function lossText(lost: number, charset: Charset): string | null {
  if (lost === 0) return null;
  const signs = lost === 1 ? '1 sign is' : `${lost} signs are`;
  return `${signs} not in ${charset} and became "?" on paper; a newer printer takes utf8.`;
}

/** The bytes of a till printer, every page cut off. */
async function escposOut(
  paper: Paper,
  charset: Charset,
): Promise<{ readonly document: PrintOut; readonly warning: string | null }> {
  const { escposDocument } = await import('./escpos.ts');
  const is_latin = charset === 'cp437';
  const parts = paper.pages.map((page) => {
    const width = Math.max(...page.split('\n').map(displayWidth));
    return escposDocument(is_latin ? romajiPaper(page, width) : page, charset, 1);
  });
  const copy = Buffer.concat(parts.map(({ bytes }) => bytes));
  const content = Buffer.concat(Array.from({ length: paper.copies }, () => copy));
  const lost = parts.reduce((sum, part) => sum + part.lost, 0);
  const document = { content, name: `${paper.title}.bin`, raw: true, copies: 1 };
  return { document, warning: lossText(lost, charset) };
}

/** Prints pages on the device; says where they went, and what is missing on them. */
export async function printPages(
  paper: Paper,
  device: Device,
  asked: Charset | 'auto',
  stop: AbortSignal,
): Promise<{ readonly said: string; readonly warning: string | null }> {
  if (device.kind === 'escpos') {
    const charset = charsetFor(asked, paper.lang);
    const { document, warning } = await escposOut(paper, charset);
    return { said: await deliver(device, document, stop), warning };
  }
  const whole = paper.pages.join('\f');
  // A file keeps its copies itself; a print server makes them.
  const content = device.kind === 'file' ? Array(paper.copies).fill(whole).join('\f') : whole;
  const document = { content, name: paper.title, raw: false, copies: paper.copies };
  return { said: await deliver(device, document, stop), warning: null };
}

/** `--width`, where it was said; else what the device usually is. */
export function widthFor(asked: string | null, device: Device | null): 80 | 42 {
  if (asked === '80' || asked === '42') return asked === '80' ? 80 : 42;
  if (asked !== null) {
    throw new AppError('invalid_input', `--width takes 80 or 42, not "${asked}".`);
  }
  return device?.kind === 'escpos' ? 42 : 80;
}
