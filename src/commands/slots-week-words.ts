import type { Closure } from '../domain/day-closure.ts';
import type { Lang } from './session.ts';

/** What the map of a week says, in the clinic's language or the one that was asked for. */
export type WeekWords = {
  readonly any_vet: string;
  readonly free: string;
  readonly closures: Readonly<Record<Closure, string>>;
  readonly holiday: string;
  readonly no_slots: string;
  /** Below the map: what its signs mean. */
  readonly legend: (signs: { readonly low: string; readonly high: string }) => string;
};

export const week_words: Readonly<Record<Lang, WeekWords>> = {
  en: {
    any_vet: 'any vet',
    free: 'FREE',
    closures: {
      closed: 'closed',
      holiday: 'holiday',
      vet_away: 'vet away',
      no_hours: 'no hours',
    },
    holiday: 'holiday',
    no_slots: 'no slots',
    legend: ({ low, high }) => `${low} few free .. ${high} all free   x full   - blocked   . past`,
  },
  ja: {
    any_vet: '獣医指定なし',
    free: '空き',
    closures: {
      closed: '休診',
      holiday: '祝日',
      vet_away: '担当医不在',
      no_hours: '診療時間なし',
    },
    holiday: '祝日',
    no_slots: '枠なし',
    legend: ({ low, high }) => `${low} 残りわずか .. ${high} すべて空き   x 満席   - 停止   . 終了`,
  },
  id: {
    any_vet: 'dokter mana saja',
    free: 'SISA',
    closures: {
      closed: 'tutup',
      holiday: 'libur',
      vet_away: 'dokter tidak ada',
      no_hours: 'tidak ada jam',
    },
    holiday: 'libur',
    no_slots: 'tidak ada slot',
    legend: ({ low, high }) =>
      `${low} sisa sedikit .. ${high} semua kosong   x penuh   - diblokir   . lewat`,
  },
};
