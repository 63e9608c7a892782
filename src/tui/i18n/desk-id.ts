import type { DeskCatalogue } from './desk-catalogue.ts';

const verbs = {
  arrived: 'tiba',
  completed: 'selesai',
  'no-show': 'tak hadir',
  message: 'kirim ulang',
} as const;

export const desk_id: DeskCatalogue = {
  actions: {
    mark: 'Tandai booking: a, c, n dan m berlaku untuk semua yang ditandai',
    unmark: 'Hapus semua tanda',
    bulk_go: 'Ya, lakukan untuk semuanya',
    redo: 'Lakukan lagi yang baru diurungkan',
    journal: 'Yang saya lakukan dan masih bisa diurungkan',
    journal_go: 'Urungkan',
    resend: 'Kirim ulang pesan (bertanya; tidak bisa diurungkan)',
    hold: 'Tahan jam ini tanpa booking dulu',
    zoom: 'Besarkan panel, dan kembali',
    vet_columns: 'Kolom per dokter, atau daftar',
    col_prev: 'Dokter di kiri',
    col_next: 'Dokter di kanan',
    switch_user: 'Ganti orang yang duduk di sini',
    diff: 'Bandingkan dua entri log',
    theme: 'Warna: tema berikutnya',
    switch_go: 'Lanjut sebagai orang ini',
  },
  hints: { mark: 'tandai' },

  marked: (count) => `${count} ditandai`,
  marks_full: (most) => `Paling banyak ${most} baris dapat ditandai.`,
  no_marks: 'Tidak ada tanda. z mengurungkan perubahan terakhir.',
  marks_first: (count) => `${count} baris ditandai: a c n m berlaku untuknya, u menghapus tanda.`,

  bulk_title: (verb, count) => `${verbs[verb].toUpperCase()}: ${count} booking`,
  bulk_count: (planned, kept) =>
    `${planned} booking${kept === 0 ? '' : `; ${kept} tetap, lihat di bawah`}. Tanda sesudah ini tidak dihitung.`,
  bulk_more: (count) => `dan ${count} lagi (Down)`,
  bulk_effects: {
    arrived: 'Semua dicatat tiba sekarang. U mengurungkan satu per satu.',
    completed: 'Kunjungan selesai. TIDAK BISA diurungkan.',
    'no-show': 'Pesan menunggu setengah menit; selama itu U mengurungkan satu per satu.',
    message: 'Tiap pemilik menerima pesan terakhir lagi. TIDAK BISA diurungkan.',
  },
  outcomes: { planned: 'akan dilakukan', done: 'sudah', failed: 'GAGAL', kept: 'tetap' },
  keep_rows: 'Biarkan semua (Enter atau Esc)',
  bulk_yes: (verb, count) => `y ${verbs[verb]}: ${count} booking`,
  bulk_typed: (verb, count) => `Ctrl-G ${verbs[verb]}: ${count} booking`,
  type_count: (count) => `Ketik ${count} untuk setuju:`,
  bulk_running: (done, all) => `${done} dari ${all}...  Esc berhenti setelah ini`,
  bulk_close: 'Enter atau Esc menutup',
  bulk_done: (done, left, verb) =>
    `${verbs[verb]}: ${done} sudah${left === 0 ? '' : `, ${left} TIDAK`}`,
  it_is: (status) => `sudah ${status}`,
  changed_since: 'sudah diubah orang lain',
  not_tried: 'tidak dicoba',

  journal_title: 'SEHARI TERAKHIR: yang masih bisa diurungkan',
  journal_none: 'Tidak ada lagi yang bisa Anda urungkan.',
  journal_leaves: (time) => `pesan terkirim ${time}`,
  journal_keys: 'y mengurungkan   Up/Down   Enter atau Esc membiarkan',
  journal_never: 'Tidak bisa diurungkan: di ruang, selesai, uang masuk (4, F), pindah (r).',
  undoable: { cancelled: 'batal', arrived: 'tiba', 'no-show': 'tak hadir' },
  nothing_to_redo: 'Tidak ada yang baru diurungkan di sini.',
  redo_changed: (name) => `${name} sudah berubah, atau bukan hari ini: tidak ada yang dilakukan.`,
  no_undo_pay: 'z tidak mengembalikan uang: hanya refund (4, F).',
  no_undo_move: 'z tidak mengurungkan pindah jadwal: r memindahkan lagi.',

  switch_title: (name) => `SIAPA DI SINI? Sekarang: ${name}`,
  switch_token: 'atau token:',
  switch_keys: 'Enter lanjut sebagai orang ini   Up/Down   Esc batal   formulir disimpan',
  switch_load: 'Uji beban sedang berjalan: hentikan dulu (8, S).',
  switch_short: 'Token lebih panjang dari itu.',
  switch_how: 'Ketik atau tempel token. petpro keys create membuatnya.',
  switch_refused: 'Server tidak mengenal token ini. Anda tetap yang tadi.',
  switch_absent: 'Konsol ini tidak bisa ganti orang: keluar lalu masuk lagi.',
  switched: (name, role) => `Anda sekarang ${name}/${role}.`,

  hold_free: 'Hanya jam kosong yang bisa ditahan.',
  hold_keys: 'Ctrl-G tahan dan tutup   Tab lanjut   Esc melepas   Ctrl-N kosongkan',
  held: (name, until) => `Ditahan untuk ${name} sampai ${until}. e tautan bayar, $ terima uang.`,

  diff_title: (reference) => `YANG BERUBAH ${reference}`,
  diff_then: 'waktu itu',
  diff_now: 'sesudahnya',
  diff_same: 'Tidak ada yang berbeda dalam log.',
  diff_none: 'Log belum punya dua entri untuk dibandingkan.',
  diff_keys: 'Up/Down entri > yang baru   Left/Right entri < yang lain   Esc kembali',

  theme_is: (name) => `tema ${name}`,
  theme_names: (names) => `Tema: ${names}.`,
  help_none: (text) => `Tidak ada tombol "${text}". Backspace, atau Esc.`,
};
