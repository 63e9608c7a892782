/** The words of a ticket in the owner's language. A missing one fails the type check. */
type TicketWords = {
  readonly tickets: string;
  readonly ticket: string;
  readonly of: (number: number, count: number) => string;
  readonly seat: (seat: string) => string;
  readonly comma: string;
  readonly when: string;
  readonly where: string;
  readonly name: string;
  readonly reference: string;
  readonly to_pay: string;
  readonly at_the_door: string;
  readonly admits_once: string;
};

export const ticket_words: Readonly<Record<'en' | 'ja' | 'id', TicketWords>> = {
  en: {
    tickets: 'Tickets',
    ticket: 'Ticket',
    of: (number, count) => `${number} of ${count}`,
    seat: (seat) => `Seat ${seat}`,
    comma: ', ',
    when: 'When',
    where: 'Where',
    name: 'Name',
    reference: 'Reference',
    to_pay: 'To pay',
    at_the_door: 'at the door',
    admits_once: 'Admits one person, once. A copy is refused after the first scan.',
  },
  ja: {
    tickets: 'チケット',
    ticket: 'チケット',
    of: (number, count) => `${count}枚中${number}枚目`,
    seat: (seat) => `${seat}番席`,
    comma: '・',
    when: '日時',
    where: '会場',
    name: 'お名前',
    reference: '予約番号',
    to_pay: 'お支払い',
    at_the_door: '当日受付にて',
    admits_once: '1名様1回限り有効です。コピーは最初の入場後は無効になります。',
  },
  id: {
    tickets: 'Tiket',
    ticket: 'Tiket',
    of: (number, count) => `${number} dari ${count}`,
    seat: (seat) => `Kursi ${seat}`,
    comma: ', ',
    when: 'Waktu',
    where: 'Tempat',
    name: 'Nama',
    reference: 'Kode booking',
    to_pay: 'Pembayaran',
    at_the_door: 'di tempat',
    admits_once: 'Berlaku untuk satu orang, satu kali. Salinan ditolak setelah pemindaian pertama.',
  },
};
