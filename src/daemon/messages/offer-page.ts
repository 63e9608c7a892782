import type { MailLang } from '../../domain/message.ts';

/** Words of the page behind the link of an offer (http/offer-page.ts). */
export type OfferWords = {
  /** In the mail. */
  readonly link: string;
  readonly title: string;
  readonly until: (moment: string) => string;
  readonly accept: string;
  readonly decline: string;
  /** Accepted, and still to be paid. */
  readonly accepted: string;
  readonly pay: string;
  readonly booked: string;
  /** Nothing is to be paid, and the clinic has to say yes. */
  readonly asked: string;
  readonly declined: string;
  readonly over: string;
};

export const offer_words: Readonly<Record<MailLang, OfferWords>> = {
  en: {
    link: 'Take it or leave it here',
    title: 'A place is free',
    until: (moment) => `It is kept for you until ${moment}.`,
    accept: 'Take it',
    decline: 'Not this time',
    accepted: 'The place is yours as soon as it is paid.',
    pay: 'Pay now',
    booked: 'Booked. The confirmation comes by mail.',
    asked: 'The clinic has your request and answers by mail.',
    declined: 'The place goes to the next in line. You stay on the waiting list.',
    over: 'This offer has ended; the place has gone to somebody else.',
  },
  id: {
    link: 'Ambil atau lepas di sini',
    title: 'Ada tempat',
    until: (moment) => `Tempat ini disimpan untuk Anda sampai ${moment}.`,
    accept: 'Ambil',
    decline: 'Lain kali saja',
    accepted: 'Tempat ini milik Anda begitu dibayar.',
    pay: 'Bayar sekarang',
    booked: 'Sudah dipesan. Konfirmasi dikirim lewat surel.',
    asked: 'Klinik sudah menerima permintaan Anda dan menjawab lewat surel.',
    declined: 'Tempat ditawarkan ke antrean berikutnya. Anda tetap di daftar tunggu.',
    over: 'Penawaran ini sudah berakhir; tempatnya sudah untuk orang lain.',
  },
  ja: {
    link: 'お返事はこちら',
    title: '空きのお知らせ',
    until: (moment) => `${moment}までお取り置きしています。`,
    accept: '予約する',
    decline: '今回は見送る',
    accepted: 'お支払いが済みしだい、ご予約が確定します。',
    pay: 'お支払いへ進む',
    booked: 'ご予約が確定しました。確認メールをお送りします。',
    asked: 'お申込みを承りました。当院よりメールでお返事いたします。',
    declined: '次の方にご案内します。キャンセル待ちはそのまま続きます。',
    over: 'このご案内は終了しました。',
  },
};
