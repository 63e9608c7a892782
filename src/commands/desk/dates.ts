import type { Lang } from '../session.ts';

const locales: Readonly<Record<Lang, string>> = { en: 'en-GB', ja: 'ja-JP', id: 'id-ID' };

/** `Fri 20 Nov 2026`, `2026年11月20日(金)`, `Jum 20 Nov 2026`. A screen reader says them as they are meant. */
export function dateText(date: string, lang: Lang): string {
  const month = lang === 'ja' ? 'long' : 'short';
  const parts = { weekday: 'short', day: 'numeric', month, year: 'numeric' } as const;
  const format = new Intl.DateTimeFormat(locales[lang], parts);
  return format.format(Temporal.PlainDate.from(date)).replace(',', '');
}
