import type { Glyphs, Lang } from './model.ts';

/** Colours by meaning; a theme says what a meaning looks like. Letters and words carry it all without them. */

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

type Theme = Readonly<Record<SpanTone, Style>>;

/** The terminal's own 16 colours, so that people's palettes win. ux §3, accessibility. */
const plain_theme: Theme = {
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

/** Okabe and Ito, Color Universal Design (2008): blue, orange and vermillion are told apart by all eyes. */
const colour_blind: Theme = {
  ...plain_theme,
  ok: { color: '#56B4E9' },
  warn: { color: '#E69F00' },
  error: { color: '#D55E00', bold: true },
  accent: { color: '#CC79A7' },
  banner: { color: '#D55E00', bold: true, inverse: true },
};

/** Bright and bold, nothing dimmed: for old screens, sunlight and tired eyes. */
const high_contrast: Theme = {
  plain: { color: 'whiteBright' },
  bold: { color: 'whiteBright', bold: true },
  dim: { color: 'whiteBright' },
  ok: { color: 'greenBright', bold: true },
  warn: { color: 'yellowBright', bold: true },
  error: { color: 'redBright', bold: true },
  accent: { color: 'cyanBright', bold: true },
  selected: { inverse: true, bold: true },
  banner: { color: 'redBright', bold: true, inverse: true },
};

/** On white paper yellow and cyan cannot be read. */
const light: Theme = {
  ...plain_theme,
  dim: { color: 'blackBright' },
  ok: { color: '#00600F' },
  warn: { color: '#8A4B00', bold: true },
  error: { color: '#A00000', bold: true },
  accent: { color: 'blue' },
  banner: { color: '#A00000', bold: true, inverse: true },
};

/** Without colour, weight and inversion still tell; letters and words always do. */
const mono: Theme = {
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

export const theme_names = ['default', 'cb-safe', 'high-contrast', 'light', 'mono'] as const;
export type ThemeName = (typeof theme_names)[number];
const themes: Readonly<Record<ThemeName, Theme>> = {
  default: plain_theme,
  'cb-safe': colour_blind,
  'high-contrast': high_contrast,
  light,
  mono,
};

/** The style of a tone in a theme. */
export function styleOf(tone: SpanTone, theme: ThemeName): Style {
  return themes[theme][tone];
}

/** The theme of that name; null when there is none. */
export function themeOf(name: string): ThemeName | null {
  return theme_names.find((one) => one === name) ?? null;
}

/** The theme after this one, round and round. */
export function nextTheme(name: ThemeName): ThemeName {
  return theme_names[(theme_names.indexOf(name) + 1) % theme_names.length] ?? 'default';
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
