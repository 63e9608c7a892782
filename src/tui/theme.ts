import type { Glyphs, Lang } from './model.ts';

/** Colours by meaning. The 16 terminal colours only, so that people's own palettes win. */

export const tones = [
  'plain',
  'bold',
  'dim',
  'ok',
  'warn',
  'error',
  'accent',
  'selected',
  'banner',
] as const;
export type SpanTone = (typeof tones)[number];

/** The properties of Ink's Text that a tone sets. */
export type Style = {
  readonly color?: string;
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
};

const coloured: Readonly<Record<SpanTone, Style>> = {
  plain: {},
  bold: { bold: true },
  dim: { dimColor: true },
  ok: { color: 'green' },
  warn: { color: 'yellow' },
  error: { color: 'red', bold: true },
  accent: { color: 'cyan' },
  selected: { inverse: true },
  banner: { color: 'red', bold: true, inverse: true },
};

/** Without colour, weight and inversion still tell; letters and words always do. */
const mono: Readonly<Record<SpanTone, Style>> = {
  plain: {},
  bold: { bold: true },
  dim: {},
  ok: {},
  warn: { bold: true },
  error: { bold: true },
  accent: {},
  selected: { inverse: true },
  banner: { inverse: true, bold: true },
};

/** The style of a tone, with or without colours. */
export function styleOf(tone: SpanTone, color: boolean): Style {
  return color ? coloured[tone] : mono[tone];
}

export type GlyphSet = {
  readonly rule: string;
  readonly bar: string;
  /** Steps of a sparkline, lowest first. */
  readonly levels: string;
};

const ASCII_LEVELS = ' .:-=+*#';
/** Braille has one column everywhere, also in Japanese terminals. */
const BRAILLE_LEVELS = '\u2800\u2840\u2844\u2846\u2847\u28c7\u28e7\u28f7\u28ff';

/**
 * Rules and bars. Box-drawing glyphs are East Asian Ambiguous: a Japanese terminal may give them two columns,
 * so Japanese always gets ASCII.
 */
export function glyphSet(glyphs: Glyphs, lang: Lang): GlyphSet {
  const levels = glyphs === 'utf' ? BRAILLE_LEVELS : ASCII_LEVELS;
  const is_boxed = glyphs === 'utf' && lang !== 'ja';
  return is_boxed ? { rule: '─', bar: '│', levels } : { rule: '-', bar: '|', levels };
}
