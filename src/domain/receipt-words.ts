/** The words of a receipt in the owner's language. A missing one fails the type check. */
export type ReceiptWords = {
  readonly title: string;
  readonly number: string;
  readonly date: string;
  readonly visit: string;
  readonly service: string;
  readonly pet: string;
  readonly owner: string;
  readonly price: string;
  readonly paid: string;
  readonly tax: (percent: string) => string;
  readonly rest: string;
  readonly refunded: string;
  readonly thanks: string;
  readonly methods: {
    readonly cash: string;
    readonly card_terminal: string;
    readonly transfer: string;
    readonly checkout: string;
    readonly saved_card: string;
  };
};

export const receipt_words: Readonly<Record<'en' | 'ja' | 'id', ReceiptWords>> = {
  en: {
    title: 'RECEIPT',
    number: 'Receipt no.',
    date: 'Paid on',
    visit: 'Visit',
    service: 'Service',
    pet: 'Pet',
    owner: 'Owner',
    price: 'Price',
    paid: 'Paid',
    tax: (percent) => `incl. tax ${percent} %`,
    rest: 'Still to pay',
    refunded: 'Given back',
    thanks: 'Thank you.',
    methods: {
      cash: 'cash',
      card_terminal: 'card',
      transfer: 'transfer',
      checkout: 'online',
      saved_card: 'saved card',
    },
  },
  ja: {
    title: '領収書',
    number: '領収書番号',
    date: 'お支払い日時',
    visit: 'ご来院',
    service: '内容',
    pet: 'ペット',
    owner: '飼い主様',
    price: '料金',
    paid: 'お支払い',
    tax: (percent) => `内消費税 ${percent} %`,
    rest: '残額',
    refunded: 'ご返金',
    thanks: 'ありがとうございました。',
    methods: {
      cash: '現金',
      card_terminal: 'カード',
      transfer: '振込',
      checkout: 'オンライン',
      saved_card: '登録カード',
    },
  },
  id: {
    title: 'KUITANSI',
    number: 'No. kuitansi',
    date: 'Dibayar pada',
    visit: 'Kunjungan',
    service: 'Layanan',
    pet: 'Hewan',
    owner: 'Pemilik',
    price: 'Harga',
    paid: 'Dibayar',
    tax: (percent) => `termasuk pajak ${percent} %`,
    rest: 'Sisa bayar',
    refunded: 'Dikembalikan',
    thanks: 'Terima kasih.',
    methods: {
      cash: 'tunai',
      card_terminal: 'kartu',
      transfer: 'transfer',
      checkout: 'daring',
      saved_card: 'kartu tersimpan',
    },
  },
};
