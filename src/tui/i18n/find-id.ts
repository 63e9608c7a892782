import type { FindCatalogue } from './find-catalogue.ts';

export const find_id: FindCatalogue = {
  actions: {
    find_open: 'Buka kunjungan di papan, atau buat janji bila belum ada',
    find_copy: 'Salin nomor telepon',
    find_focus: 'Antara kotak dan daftar',
  },
  screen: 'cari',
  title: 'CARI',
  hint: 'akhir nomor telepon, pemilik, hewan, alamat, atau kode',
  heads: { owner: 'PEMILIK', phone: 'TELEPON', pets: 'HEWAN', next: 'BERIKUT', last: 'TERAKHIR' },
  today: 'HR INI',
  searching: 'mencari...',
  found: (count, is_full) => (is_full ? `${count} atau lebih: tambah kata` : `${count} cocok`),
  only_near: 'Tidak ada nama itu; ini yang ejaannya mirip.',
  offline: (count) => `LURING: ${count} dari papan terakhir, yang lain tidak terlihat`,
  none: (text) => `Tidak ada yang cocok dengan "${text}".`,
  keys_box: 'Down daftar   Enter buka   Ctrl-G buat janji   Esc kembali',
  keys_list: 'Enter buka   b buat janji   y salin telepon   Tab ketik   Esc kembali',
  type_again: 'Ini daftarnya: Tab kembali ke kotak.',
  no_owner: 'Pemiliknya tidak diketahui: cari dengan nama.',
  no_phone: 'Tidak ada nomor telepon untuk disalin.',
  elsewhere: (reference) => `Kunjungan itu (${reference}) di klinik lain. b membuat janji di sini.`,
  next: (text) => `berikut ${text}`,
  last: (text) => `terakhir ${text}`,
  no_visit: 'belum ada kunjungan',
  never_here: 'belum pernah datang',
  facts: { phone: 'telepon', email: 'email', pets: 'hewan', visits: 'kunjungan', due: 'tagihan' },
  next_visits: 'Kunjungan berikut',
  last_visits: 'Kunjungan lalu',
  visits: (took_place, no_shows, cancelled) =>
    `${took_place}, tak hadir ${no_shows}, batal ${cancelled}`,
  due: (money, overdue) =>
    overdue === null ? `${money} saat datang` : `${money}, telat ${overdue}`,
  nothing_due: 'tidak ada',
};
