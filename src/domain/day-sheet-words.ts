import type { PaymentState } from './booking.ts';

/** The words of the day sheet on paper. A missing one fails the type check. */

type Lang = 'en' | 'ja' | 'id';
/** A state of a row as one letter, the same as on the board. ux §3, board keys. */
export type SheetLetter = '-' | 'A' | 'I' | 'C' | 'N' | 'H';

export type SheetWords = {
  readonly title: string;
  readonly heads: Readonly<
    Record<'time' | 'pet' | 'owner' | 'phone' | 'service' | 'vet' | 'pay' | 'ref', string>
  >;
  /** Budget 5. */
  readonly pay: Readonly<Record<PaymentState, string>>;
  readonly letters: Readonly<Record<SheetLetter, string>>;
  readonly printed: (time: string) => string;
  /** The daemon did not answer: this is what was last seen. */
  readonly saved: (time: string) => string;
  readonly page: (number: number, of: number) => string;
  readonly note: string;
  readonly no_vet: string;
  readonly all_vets: string;
  readonly nothing: string;
  readonly totals: (n: {
    readonly visits: number;
    readonly holds: number;
    readonly due: number;
    readonly cancelled: number;
  }) => string;
};

/** Parts that count something, without those that count nothing. */
function joined(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([count]) => count > 0)
    .map(([, text]) => text)
    .join(', ');
}

export const sheet_words: Readonly<Record<Lang, SheetWords>> = {
  en: {
    title: 'DAY SHEET',
    heads: {
      time: 'TIME',
      pet: 'PET',
      owner: 'OWNER',
      phone: 'PHONE',
      service: 'SERVICE',
      vet: 'VET',
      pay: 'PAY',
      ref: 'REF',
    },
    pay: {
      paid: 'paid',
      due: 'DUE',
      pending: 'wait',
      refunding: 'refng',
      partially_refunded: 'refpt',
      refunded: 'refnd',
      failed: 'FAIL',
    },
    letters: {
      '-': 'booked',
      A: 'arrived',
      I: 'in room',
      C: 'completed',
      N: 'no-show',
      H: 'held',
    },
    printed: (time) => `printed ${time}`,
    saved: (time) => `AS OF ${time}: no connection since`,
    page: (number, of) => `page ${number}/${of}`,
    note: 'note',
    no_vet: 'no vet',
    all_vets: 'all vets',
    nothing: 'Nothing is booked.',
    totals: ({ visits, holds, due, cancelled }) =>
      joined([
        [1, `${visits} ${visits === 1 ? 'visit' : 'visits'}`],
        [holds, `${holds} held`],
        [due, `${due} to pay`],
        [cancelled, `${cancelled} cancelled (not listed)`],
      ]),
  },
  ja: {
    title: '予約表',
    heads: {
      time: '時刻',
      pet: 'ペット',
      owner: '飼い主',
      phone: '電話',
      service: '内容',
      vet: '担当',
      pay: '支払',
      ref: '予約番号',
    },
    pay: {
      paid: '済',
      due: '未払',
      pending: '待ち',
      refunding: '返中',
      partially_refunded: '一部',
      refunded: '返金',
      failed: '失敗',
    },
    letters: {
      '-': '予約',
      A: '来院',
      I: '診察室',
      C: '完了',
      N: '無断',
      H: '仮押さえ',
    },
    printed: (time) => `${time} 印刷`,
    saved: (time) => `${time} 時点（以後接続なし）`,
    page: (number, of) => `${number}/${of} ページ`,
    note: 'メモ',
    no_vet: '担当なし',
    all_vets: '全担当',
    nothing: '予約はありません。',
    totals: ({ visits, holds, due, cancelled }) =>
      joined([
        [1, `予約 ${visits} 件`],
        [holds, `仮押さえ ${holds} 件`],
        [due, `未払 ${due} 件`],
        [cancelled, `取消 ${cancelled} 件（記載なし）`],
      ]),
  },
  id: {
    title: 'JADWAL HARIAN',
    heads: {
      time: 'JAM',
      pet: 'HEWAN',
      owner: 'PEMILIK',
      phone: 'TELEPON',
      service: 'LAYANAN',
      vet: 'DOKTER',
      pay: 'BAYAR',
      ref: 'KODE',
    },
    pay: {
      paid: 'lunas',
      due: 'BELUM',
      pending: 'tunda',
      refunding: 'prosR',
      partially_refunded: 'kmbSb',
      refunded: 'kmbal',
      failed: 'GAGAL',
    },
    letters: {
      '-': 'dipesan',
      A: 'datang',
      I: 'di ruang',
      C: 'selesai',
      N: 'tak datang',
      H: 'ditahan',
    },
    printed: (time) => `dicetak ${time}`,
    saved: (time) => `PER ${time}: tak ada koneksi sejak itu`,
    page: (number, of) => `hal. ${number}/${of}`,
    note: 'catatan',
    no_vet: 'tanpa dokter',
    all_vets: 'semua dokter',
    nothing: 'Tidak ada janji temu.',
    totals: ({ visits, holds, due, cancelled }) =>
      joined([
        [1, `${visits} kunjungan`],
        [holds, `${holds} ditahan`],
        [due, `${due} belum dibayar`],
        [cancelled, `${cancelled} dibatalkan (tidak tercantum)`],
      ]),
  },
};

const locales: Readonly<Record<Lang, string>> = { en: 'en-GB', ja: 'ja-JP', id: 'id-ID' };

/** `Fri 20 Nov 2026`, `2026/11/20(金)`, `Jum 20 Nov 2026`. */
export function sheetDate(date: string, lang: Lang): string {
  const format = new Intl.DateTimeFormat(locales[lang], {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
  return format.format(Temporal.PlainDate.from(date)).replace(',', '');
}
