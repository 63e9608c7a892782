import { currency_exponents, formatMoney, parseAmount } from '../../domain/money.ts';
import type { Lang } from '../model.ts';
import type { Catalogue } from './catalogue.ts';
import { en } from './en.ts';
import { id } from './id.ts';
import { ja } from './ja.ts';

const catalogues: Readonly<Record<Lang, Catalogue>> = { en, ja, id };

/** The words of a language. */
export function wordsOf(lang: Lang): Catalogue {
  return catalogues[lang];
}

const locales: Readonly<Record<Lang, string>> = { en: 'en-GB', ja: 'ja-JP', id: 'id-ID' };

const date_parts = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
} as const;
/** Made once: a new one for each frame would cost more than the frame. */
const formatters: Readonly<Record<Lang, Intl.DateTimeFormat>> = {
  en: new Intl.DateTimeFormat(locales.en, date_parts),
  ja: new Intl.DateTimeFormat(locales.ja, date_parts),
  id: new Intl.DateTimeFormat(locales.id, date_parts),
};

/** `Fri 20 Nov 2026`, `2026/11/20(金)`, `Jum 20 Nov 2026`. */
export function dateText(date: string, lang: Lang): string {
  const text = formatters[lang].format(Temporal.PlainDate.from(date));
  return text.replace(',', '');
}

/** Formatters are slow to make; one clinic has at most two offsets. */
const zone_names = new Map<string, string>();

/** `WIB`, `JST`, `EST`: what the people there call it; `GMT+7` when no language knows a name. */
export function zoneName(time_zone: string, instant: Temporal.Instant): string {
  const key = `${time_zone} ${instant.toZonedDateTimeISO(time_zone).offset}`;
  const known = zone_names.get(key);
  if (known !== undefined) return known;
  let name = '';
  for (const locale of ['en-US', 'id', 'ja']) {
    const parts = new Intl.DateTimeFormat(locale, {
      timeZone: time_zone,
      timeZoneName: 'short',
    }).formatToParts(instant.epochMilliseconds);
    name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (!name.startsWith('GMT') || name === 'GMT') break;
  }
  zone_names.set(key, name);
  return name;
}

/** An amount of the API as people of that language write it. */
export function moneyText(amount: string, currency: string, lang: Lang): string {
  // A currency that this version does not know must not take the whole board down.
  if (!Object.hasOwn(currency_exponents, currency)) return `${currency} ${amount}`;
  return formatMoney(parseAmount(amount, currency), lang);
}
