import type { DeskWords } from './words.ts';

export const id: DeskWords = {
  states: {
    booked: 'terdaftar',
    arrived: 'tiba',
    'in-progress': 'di ruang',
    completed: 'selesai',
    late: 'terlambat',
    unresolved: 'lewat, belum ada hasil',
    'no-show': 'tak hadir',
    cancelled: 'batal',
  },
  held: 'ditahan',
  pays: {
    paid: 'lunas',
    due: 'BELUM BAYAR, di meja depan',
    pending: 'pembayaran belum selesai',
    refunding: 'refund sedang diproses',
    partially_refunded: 'dikembalikan sebagian',
    refunded: 'sudah dikembalikan',
    failed: 'PEMBAYARAN GAGAL',
  },
  methods: {
    link: 'tautan pembayaran',
    at_clinic: 'bayar saat kunjungan',
    cash: 'tunai',
    card_terminal: 'kartu',
    transfer: 'transfer',
  },
  moved: {
    arrived: 'tiba',
    'in-progress': 'di ruang',
    completed: 'selesai',
    'no-show': 'tak hadir',
  },
  undo_words: { cancelled: 'pembatalan', arrived: 'kedatangan', 'no-show': 'tak hadir' },
  problems: {
    slot_taken: 'Jam itu baru saja dipesan.',
    slot_locked: 'Jam itu sedang dipesan orang lain.',
    reservation_expired: 'Waktu tahan sudah habis.',
    invalid_slot: 'Jam itu tidak bisa dipesan.',
    service_unavailable: 'Layanan tidak tersedia saat itu.',
    payment_failed: 'Pembayaran tidak berhasil.',
    invalid_input: 'Tidak diterima.',
    unauthorized: 'Anda tidak lagi masuk.',
    forbidden: 'Peran Anda tidak mengizinkan ini.',
    not_found: 'Tidak ditemukan.',
    conflict: 'Sudah berubah sementara itu.',
    policy_refused: 'Aturan klinik melarang ini.',
    rate_limited: 'Terlalu banyak permintaan, tunggu sebentar.',
    internal: 'Ada kerusakan di server.',
  },
  rules: {
    check_in_too_early: (reference, time) => `${reference} baru bisa dicatat tiba mulai ${time}.`,
    no_show_too_early: (reference, time) => `${reference} baru bisa tak hadir mulai ${time}.`,
    visit_not_started: (reference) => `${reference} belum masuk ruang; ketik in dulu.`,
    visit_under_way: (reference) => `${reference} sedang diperiksa; hanya bisa diselesaikan.`,
    booking_final: (reference) => `${reference} sudah berakhir dan tidak bisa diubah.`,
    visit_started: (reference) =>
      `${reference} sudah lewat jam mulai; pemilik tidak bisa mengubahnya lagi (--by clinic).`,
    same_slot: (reference) => `${reference} sudah pada jam itu.`,
    owner_busy: () => 'Pemilik punya kunjungan atau tahanan lain pada jam itu.',
    hold_booked: (reference) => `${reference} sudah menjadi janji temu.`,
    hold_given_back: (reference) => `Tahanan ${reference} sudah dikembalikan.`,
    nothing_to_undo: (reference) => `Tidak ada yang bisa dibatalkan pada ${reference}.`,
    undo_too_late: (reference) => `Itu lebih dari sehari lalu: ${reference}.`,
    undo_not_yours: (reference) => `Orang lain yang melakukannya: ${reference}.`,
    already_told: (reference) => `Pemilik ${reference} sudah diberi tahu; buat janji baru.`,
    refund_under_way: (reference) => `Refund ${reference} sudah berjalan.`,
    slot_gone: (reference) => `Tempat ${reference} sudah terisi.`,
  },
  help: {
    'check-in': 'pemilik sudah tiba',
    start: 'hewan masuk ruang',
    complete: 'kunjungan selesai',
    'no-show': 'tidak ada yang datang; mulai sepuluh menit setelah jam mulai',
    book: 'pesan lewat telepon: pemilik, hewan, layanan, hari, jam, bayar',
    reschedule: 'pindahkan ke jam lain; bertanya dulu',
    cancel: 'batalkan janji atau kembalikan tahanan; menunjukkan refund dan bertanya',
    pay: 'terima uang untuk janji atau tahanan',
    undo: 'tarik kembali pembatalan, kedatangan atau tak hadir terakhir Anda, atau dari satu baris',
    show: 'semua tentang satu baris',
    find: 'pemilik menurut nama, hewan, akhir nomor telepon, atau kode',
    waitlist: 'yang menunggu; lalu wl offer 2, wl accept 2, wl remove 2',
    day: 'hari lain: besok, jumat, +2d',
    today: 'hari ini',
    resync: 'baca ulang hari ini dan cetak',
    more: 'baris berikutnya',
    status: 'keadaan sekarang, dan apa yang berubah sejak daftar',
    history: 'baris terakhir Anda; !! mengulang yang terakhir, !3 yang ketiga',
    help: 'daftar ini, atau satu kata: he ci',
    quit: 'selesai; Ctrl-D juga',
  },
  examples: {
    'check-in': ['Contoh: ci 6', 'Contoh: ci 6 8-9', 'Contoh: ci BP10000127'],
    book: [
      'Contoh: ma 7890',
      'Contoh: ma 7890 --pet mochi --service checkup --at "jumat 11:15" --pay cash',
    ],
    reschedule: ['Contoh: mv 6', 'Contoh: mv 6 jumat 11:15'],
    cancel: ['Contoh: ca 6', 'Contoh: ca 6 --by clinic --reason "dokter sakit"'],
    pay: ['Contoh: pa 6', 'Contoh: pa 6 cash', 'Contoh: pa 6 card 100000'],
    waitlist: ['Contoh: wl', 'Contoh: wl offer 2', 'Contoh: wl accept 2'],
    undo: ['Contoh: un', 'Contoh: un 6'],
    day: ['Contoh: da jumat'],
    find: ['Contoh: fi siti', 'Contoh: fi 7890'],
  },
  help_more: [
    'Angka berarti baris daftar terakhir; kode seperti BP10000127 juga bisa.',
    'Dalam pertanyaan, Enter memilih jawaban yang aman dan Ctrl-C meninggalkannya.',
  ],

  welcome: (clinic, role) => `${clinic}. Anda ${role}. Ketik he untuk bantuan, q untuk selesai.`,
  how_to_end: 'Tidak ada yang berjalan. q atau Ctrl-D selesai; Ctrl-C sekali lagi juga.',
  waiting_for_answer: 'Jawaban server masih ditunggu; Ctrl-C sekali lagi selesai tanpanya.',
  no_arrows: 'Tombol panah tidak dipakai: hi menunjukkan baris terakhir, !! mengulanginya.',
  read_only: 'Sesi ini hanya melihat: jalankan petpro desk tanpa --read-only.',
  no_history: 'Baris itu tidak ada: hi menunjukkan yang bisa diulang.',
  in_line: (number, line, sentence) => `baris ${number} (${line}): ${sentence}`,
  help_line: (short, verb, text) => `${short} ${verb}: ${text}`,

  unknown_word: (word, nearest) =>
    nearest === null
      ? `"${word}" tidak dikenal. Ketik he untuk daftar.`
      : `"${word}" tidak dikenal. Maksud Anda ${nearest}?`,
  several_words: (word, names) => `"${word}" bisa berarti ${names}: ketik lebih panjang.`,
  unknown_flag: (verb, flag, names) =>
    names === '' ? `${verb} tidak punya ${flag}.` : `${verb} tidak punya ${flag}, tetapi ${names}.`,
  flag_without_value: (flag) => `${flag} perlu nilai sesudahnya.`,
  candidates: (names) => `Yang ada: ${names}.`,

  need_answer: (question, flag) =>
    `"${question}" perlu dijawab, dan tidak ada yang bisa ditanya: tambahkan ${flag}, atau --ask.`,
  need_yes: (effect) => `${effect} Tidak ada yang bisa ditanya: tambahkan --yes.`,
  do_it: 'Lakukan? y atau N:',
  kept: 'Dibiarkan seperti semula.',
  left: 'Ditinggalkan; tidak ada lagi yang dilakukan.',
  too_early: (text) => `"${text}" datang sebelum pertanyaan terbaca; silakan jawab sekarang.`,
  type_word: (word) => `Ketik ${word} untuk memastikan:`,
  wrong_word: (given, word) => `--confirm ${given} tidak cocok: seharusnya ${word}.`,
  which: (count, fallback) =>
    `Yang mana, 1 sampai ${count}? Enter ${fallback === null ? 'meninggalkan' : `memilih ${fallback}`}:`,
  no_such_choice: (text, count) => `"${text}" tidak ada: ketik angka 1 sampai ${count}.`,

  day_head: (day, count, counts) =>
    count === 0 ? `${day}: tidak ada janji.` : `${day}: ${count} baris: ${counts}.`,
  empty_day: (day) => `${day}: tidak ada janji.`,
  count_of: (count, state) => `${count} ${state}`,
  more_rows: (left) => `${left} lagi: ketik mo.`,
  no_more_rows: 'Itu baris terakhir. re mencetak ulang.',
  day_not_time: (text) => `"${text}" menyebut jam; di sini diminta hari.`,
  no_day: (text) => `"${text}" bukan hari atau jam yang dikenal: coba besok, jumat, +2d, 23/11.`,
  day_is_past: (text, reading) => `"${text}" dibaca ${reading}, dan itu sudah lewat.`,
  held_until: (time) => `ditahan sampai ${time}`,
  nobody: 'tanpa nama',
  somebody: 'seseorang',
  nothing_printed: 'Belum ada daftar: ketik to untuk hari ini, atau da jumat.',
  no_such_row: (number, count) =>
    count === 0
      ? `Baris ${number} tidak ada: daftar terakhir kosong.`
      : `Baris ${number} tidak ada: daftar terakhir dari 1 sampai ${count}.`,
  which_row: 'Sebutkan baris: angka dari daftar terakhir, atau kode. Contoh: ci 6',
  no_row_word: (text) => `"${text}" bukan angka baris dan bukan kode seperti BP10000127.`,
  one_row_only: 'Ini hanya untuk satu baris.',
  row_is_hold: 'Ini tahanan, belum janji temu: pa menerima uang, ca mengembalikannya.',

  offline_day: (time) =>
    `OFFLINE: server tidak menjawab. Ini keadaan pukul ${time}; sekarang tidak ada yang bisa diubah.`,
  no_answer: (since) => `Server tidak menjawab (${since}). Tidak ada yang berubah.`,
  unsure: (since) => `Server tidak menjawab pada waktunya (${since}); belum pasti apakah terjadi.`,
  next_unavailable: 'Tidak ada yang disimpan untuk nanti. !! mencoba lagi, tidak dua kali.',
  next_conflict: 'Tidak ada yang berubah. !! tetap melakukannya, re membaca ulang.',
  next_login: 'Selesai dengan q, lalu: petpro auth status',
  next_forbidden: (role) => `Anda ${role}; minta tolong yang perannya mengizinkan.`,
  next_expired: 'Ketik ma untuk menahan jam lagi.',
  next_internal: (trace) => `Sampaikan nomor ini kepada pengelola server: ${trace}`,
  next_help: 'he menunjukkan kata-kata, he ci menjelaskan satu.',
  possible: (verbs) => `Yang bisa: ${verbs}.`,
  seconds_ago: (seconds) => `${seconds} detik lalu`,
  at_time: (time) => `pukul ${time}`,
  changed_by: (who, state, ago) =>
    `Sudah berubah sejak dicetak: sekarang ${state}, oleh ${who}${ago === '' ? '' : ` ${ago}`}.`,

  done_move: (who, state, before) => `${who}: ${state} (tadinya ${before}).`,
  not_possible: (who, state) => `${who}: tidak bisa, keadaannya ${state}.`,
  still_due: (money) => `Masih harus dibayar ${money}.`,
  and_more: (count) => `dan ${count} lagi`,
  bulk: (count, state) => `${count} baris menjadi ${state}.`,
  bulk_partial: (done, failed) => `${done} berhasil, ${failed} tidak.`,
  admitted: (who, seats, left) =>
    `${who}: masuk${seats === '' ? '' : `, ${seats}`}${left > 0 ? `, ${left} belum` : ''}.`,
  nothing_to_undo: 'Tidak ada perbuatan Anda yang bisa ditarik kembali.',
  undone: (what, time, who, state) => `Ditarik kembali: ${what} ${time} ${who}: ${state}.`,

  owner_or_clinic: '--by berisi owner atau clinic.',
  release_effect: (what) => `Ini mengembalikan tahanan ${what}.`,
  released: (what) => `Dikembalikan: ${what}.`,
  cancel_effect: (what, money, percent, by) =>
    `Ini membatalkan ${what} untuk ${by === 'clinic' ? 'klinik' : 'pemilik'}: refund ${money} (${percent} %), dan pemilik diberi tahu.`,
  cancelled: (what, money, until) =>
    `Dibatalkan: ${what}. Refund ${money}.${until === null ? '' : ` Sampai ${until} bisa ditarik dengan un.`}`,
  service_gone: 'Layanan ini tidak ada lagi: buat janji baru.',
  move_effect: ({ what, to, vet, price, back, due }) =>
    [
      `Ini memindahkan ${what} ke ${to}${vet === null ? '' : `, ${vet}`}: ${price}`,
      back === null ? '' : `, ${back} dikembalikan`,
      due === null ? '' : `, ${due} dibayar saat kunjungan`,
      '.',
    ].join(''),
  moved_to: (who, moment) =>
    `Dipindahkan: ${who} ke ${moment}. Pemilik diberi tahu. re memberi nomor baru.`,
  pay_head: (what, money) => `${what}: ${money}. Dibayar dengan apa?`,
  no_method: (text, list) => `"${text}" bukan cara bayar: ${list}.`,
  no_amount: (text) => `"${text}" bukan jumlah uang: ketik 100000.`,
  hold_paid_whole: 'Tahanan dibayar penuh: jangan sebut jumlah.',
  nothing_due: 'Tidak ada yang harus dibayar.',
  paid_before: 'Sudah dibayar: jangan terima uang.',
  paid: (who, money, method, left) =>
    `${who}: ${money} diterima, ${method}.${left === null ? ' Lunas.' : ` Sisa ${left}.`}`,

  ask_owner: (found) =>
    found === null
      ? 'Pemilik: akhir nomor telepon, nama atau hewan (Enter meninggalkan):'
      : `Pemilik: akhir nomor telepon, nama atau hewan (Enter memilih ${found}):`,
  nobody_found: (text) =>
    `Tidak ada yang ditemukan dengan "${text}". Untuk pemilik baru, ketik seluruh nomor telepon setelah ma.`,
  several_owners: (text, has_more) =>
    `"${text}" menemukan beberapa${has_more ? '; yang pertama' : ''}:`,
  new_owner: (phone) => `Belum ada yang memakai ${phone}: ini membuat pemilik baru.`,
  ask_name: 'Nama pemilik (Enter meninggalkan):',
  ask_pet: 'Nama hewan (Enter meninggalkan):',
  owner_added: (name, pet) => `Ditambahkan: ${name} dengan ${pet}.`,
  no_pet: (owner) => `${owner} tidak punya hewan: petpro owners add`,
  which_pet: 'Hewan yang mana?',
  which_service: 'Layanan apa?',
  which_day: (fallback) => `Hari, seperti besok atau +2d (Enter memilih ${fallback}):`,
  no_free_time: (day) => `Tidak ada jam kosong pada ${day}.`,
  no_free_time_ahead: (service, days) =>
    `${service} tidak punya jam kosong dalam ${days} hari: wl menunjukkan yang menunggu.`,
  time_not_free: (day, time, near) =>
    near === ''
      ? `${time} tidak kosong pada ${day}, jam lain juga tidak.`
      : `${time} tidak kosong pada ${day}. Kosong: ${near}.`,
  free_times: (service, day, left) =>
    `${service}, ${day}. Angka, hari lain${left > 0 ? `, atau mo untuk ${left} lagi` : ''}:`,
  held_now: (what, vet, until, minutes) =>
    `Ditahan: ${what}${vet === null ? '' : `, ${vet}`}, sampai ${until} (${minutes} menit).`,
  how_paid: (price) => `Harga ${price}. Dibayar dengan apa?`,
  booked: (reference, what, method) => `Dipesan ${reference}: ${what}, ${method}.`,
  link_sent: (reference, what, until) =>
    `Ditahan ${reference}: ${what}, sampai dibayar, paling lambat ${until}. Tautan pembayaran:`,
  hold_given_back: 'Tahanan dikembalikan.',
  hold_ends: (time) => `Tahanan tidak bisa dikembalikan; berakhir sendiri pukul ${time}.`,

  status_where: (where, role, ms) => `${where}. Anda ${role}. Server menjawab dalam ${ms} ms.`,
  status_changes: (count, since) =>
    count === 0
      ? `Tidak ada yang berubah sejak daftar ${since}.`
      : `${count} baris berubah sejak daftar ${since}: ketik re.`,
  phone: (number) => `Telepon ${number}.`,
  price: (money, state, due) =>
    `Harga ${money}, ${state}.${due === null ? '' : ` Masih harus dibayar: ${due}.`}`,
  note: (text) => `Catatan: ${text}`,
  messages_failed: (channels) => `Pesan yang tidak terkirim: ${channels}.`,
  last_change: (action, who, moment) => `Perubahan terakhir: ${action}, oleh ${who}, ${moment}.`,
  next_visit: (moment, what, reference) => `Kunjungan berikut ${moment}: ${what}, ${reference}.`,
  last_visit: (moment, service) => `Kunjungan terakhir ${moment}: ${service}.`,
  owes: (money) => `Belum dibayar ${money}.`,
  no_shows: (count) => `${count} kali tak hadir.`,
  ask_find: 'Nama, hewan, akhir nomor telepon, atau kode (Enter meninggalkan):',

  nobody_waits: 'Tidak ada yang menunggu.',
  wait_head: (count, has_more) => `${count}${has_more ? ' atau lebih' : ''} menunggu:`,
  wait_hint: 'wl offer 2, wl accept 2 atau wl remove 2; wl mencetak daftar lagi.',
  waits: (position) => `menunggu, urutan ${position}`,
  wait_offered: (moment, until) => `ditawari ${moment} sampai ${until}`,
  print_waitlist_first: 'Daftar tunggu belum dicetak: ketik wl.',
  wait_changed: 'Sudah berubah sejak dicetak; di atas tertulis keadaan sekarang.',
  wait_offered_to: (who, moment, until) => `Ditawarkan kepada ${who}: ${moment}, sampai ${until}.`,
  accept_effect: (who, moment) => `Ini menerima tawaran ${moment} untuk ${who}.`,
  wait_accepted: (who, reference) => `Diterima untuk ${who}: ${reference}.`,
  remove_effect: (who) => `Ini menghapus ${who} dari daftar tunggu.`,
  wait_removed: (who) => `Dihapus dari daftar: ${who}.`,
};
