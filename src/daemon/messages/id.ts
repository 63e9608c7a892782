import type { Catalogue } from './catalogue.ts';

export const id: Catalogue = {
  greeting: (words) => `Yth. ${words.owner_name},`,
  closing: (words) => `Sampai jumpa,\n${words.clinic_name}`,
  unsubscribe: 'Berhenti menerima pengingat lewat surel',
  unsubscribe_page: {
    title: 'Pengingat lewat surel',
    question: 'Hentikan pengingat lewat surel? Pemberitahuan penting tetap dikirim.',
    button: 'Hentikan',
    done: 'Selesai. Anda tidak lagi menerima pengingat lewat surel.',
  },
  labels: {
    reference: 'Kode booking',
    when: 'Waktu',
    service: 'Layanan',
    pet: 'Hewan',
    staff: 'Dengan',
    place: 'Tempat',
    phone: 'Telepon',
    quantity: 'Jumlah tempat',
    amount: 'Harga',
    paid: 'lunas',
    due: 'dibayar saat kunjungan',
    refund: 'Pengembalian dana',
  },
  mails: {
    booking_confirmed: {
      subject: (words) =>
        `Terkonfirmasi: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `Janji temu ${words.pet_name} di ${words.clinic_name} sudah dikonfirmasi.`,
      notes: (words) => [
        'Mohon datang lima menit lebih awal.',
        'Berkas terlampir menambahkan janji temu ke kalender Anda.',
        'Untuk membatalkan atau bertanya, sebutkan kode booking Anda atau hubungi klinik.',
        ...(words.has_tickets
          ? ['Tiket Anda terlampir, satu untuk setiap kursi: tunjukkan kodenya di pintu masuk.']
          : []),
      ],
      sms: (words) =>
        `${words.pet_name} terdaftar untuk ${words.when_short}. Kode ${words.reference_code}.`,
    },
    booking_cancelled: {
      subject: (words) => `Dibatalkan: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        words.cancelled_by === 'clinic'
          ? `Mohon maaf, ${words.clinic_name} terpaksa membatalkan janji temu ${words.pet_name}.`
          : `Sesuai permintaan Anda, janji temu ${words.pet_name} dibatalkan.`,
      notes: (words) =>
        words.refund === null
          ? ['Sesuai kebijakan pembatalan, tidak ada pengembalian dana untuk booking ini.']
          : [
              `${words.refund} (${words.refund_percent} %) dikembalikan ke cara Anda membayar.`,
              'Bank biasanya memerlukan 5 sampai 10 hari kerja.',
            ],
      sms: (words) =>
        `${words.pet_name}, ${words.when_short} dibatalkan.${words.refund === null ? '' : ` Dana kembali: ${words.refund}.`} Kode ${words.reference_code}.`,
    },
    booking_rescheduled: {
      subject: (words) => `Dipindah: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `Janji temu ${words.pet_name} di ${words.clinic_name} sekarang pada ${words.when}.`,
      notes: (words) => [
        ...(words.refund === null
          ? []
          : [`${words.refund} dari harga dikembalikan lewat cara pembayaran Anda.`]),
        'Berkas terlampir memindahkan janji temu di kalender Anda.',
        ...(words.has_tickets
          ? ['Tiket Anda terlampir, satu untuk setiap kursi: tunjukkan kodenya di pintu masuk.']
          : []),
      ],
      sms: (words) =>
        `${words.pet_name} dipindah ke ${words.when_short}. Kode ${words.reference_code}.`,
    },
    payment_failed: {
      subject: (words) => `Pembayaran tidak berhasil (${words.reference_code})`,
      intro: (words) =>
        `Pembayaran janji temu ${words.pet_name} tidak berhasil; tidak ada dana yang ditarik.`,
      notes: () => [
        'Tempat Anda masih disimpan sampai batas waktunya.',
        'Silakan coba lagi di halaman pembayaran yang sama.',
      ],
      sms: (words) =>
        `Pembayaran tidak berhasil; tempat masih disimpan sebentar. Kode ${words.reference_code}.`,
    },
    payment_late: {
      subject: (words) => `Pembayaran Anda terlambat (${words.reference_code})`,
      intro: (words) =>
        `Batas waktu untuk ${words.when} sudah lewat saat pembayaran tiba; tempatnya tidak dapat diberikan.`,
      notes: (words) => [
        `Seluruh dana${words.refund ? ` (${words.refund})` : ''} dikembalikan kepada Anda.`,
        'Mohon maaf. Silakan pilih waktu lain.',
      ],
      sms: (words) => `Pembayaran Anda terlambat; dana dikembalikan. Kode ${words.reference_code}.`,
    },
    approval_asked: {
      subject: (words) => `Diminta: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `${words.clinic_name} menerima permintaan untuk ${words.pet_name}; jawaban paling lambat ${words.answer_by}.`,
      notes: (words) => [
        'Tempat Anda disimpan sampai saat itu. Janji temu belum terkonfirmasi.',
        ...(words.has_card
          ? ['Bank Anda mencadangkan dananya. Dana ditarik hanya jika klinik menyetujui.']
          : []),
      ],
      sms: (words) =>
        `Permintaan untuk ${words.when_short} kami terima; jawaban paling lambat ${words.answer_by_short}. Kode ${words.reference_code}.`,
    },
    approval_declined: {
      subject: (words) => `Tidak jadi: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `Permintaan Anda untuk ${words.pet_name} di ${words.clinic_name} tidak dikonfirmasi.`,
      notes: () => [
        'Tidak ada dana yang ditarik; pencadangan dana di kartu Anda sudah dilepas.',
        'Silakan pilih waktu lain.',
      ],
      sms: (words) =>
        `Permintaan untuk ${words.when_short} tidak dikonfirmasi; tidak ada dana ditarik. Kode ${words.reference_code}.`,
    },
    refund_processed: {
      subject: (words) => `Dana dikembalikan (${words.reference_code})`,
      intro: (words) =>
        `Pengembalian dana Anda${words.refund ? ` sebesar ${words.refund}` : ''} diproses bank.`,
      notes: () => ['Bank biasanya memerlukan 5 sampai 10 hari kerja.'],
      sms: (words) =>
        `Pengembalian dana${words.refund === null ? '' : ` ${words.refund}`} sedang diproses. Kode ${words.reference_code}.`,
    },
    waitlist_offered: {
      subject: (words) => `Ada tempat: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `${words.clinic_name} punya tempat untuk ${words.pet_name}, disimpan sampai ${words.answer_by}.`,
      notes: () => [
        'Ambil atau lepas di aplikasi. Setelah itu tempat ditawarkan ke antrean berikutnya.',
      ],
      sms: (words) =>
        `Ada tempat untuk ${words.pet_name}: ${words.when_short}. Ambil di aplikasi sebelum ${words.answer_by_short}. Kode ${words.reference_code}.`,
    },
    reminder_check_in: {
      subject: (words) =>
        `Check-in dibuka: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `Check-in ${words.pet_name} di ${words.clinic_name} sudah dibuka.`,
      notes: () => ['Tunjukkan kode booking Anda di resepsionis.'],
      sms: (words) =>
        `Check-in ${words.pet_name}, ${words.when_short} sudah dibuka. Tunjukkan ${words.reference_code} di resepsionis.`,
    },
    reminder_follow_up: {
      subject: (words) =>
        `${words.has_pet ? 'Apa kabar' : 'Bagaimana'} ${words.pet_name}? (${words.reference_code})`,
      intro: (words) =>
        `${words.has_pet ? words.pet_name : 'Anda'} berkunjung ke ${words.clinic_name} beberapa hari lalu.`,
      notes: () => ['Jika ada keluhan, sebutkan kode booking Anda atau hubungi klinik.'],
      sms: (words) =>
        `Bagaimana ${words.has_pet ? `keadaan ${words.pet_name} setelah kunjungan` : 'kunjungan Anda'}? Hubungi kami bila ada keluhan. Kode ${words.reference_code}.`,
    },
    reminder_upcoming: {
      subject: (words) => `Pengingat: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `Janji temu ${words.pet_name} di ${words.clinic_name} sudah dekat.`,
      notes: () => ['Jika Anda berhalangan, mohon batalkan sekarang agar tempatnya bisa dipakai.'],
      sms: (words) =>
        `${words.has_pet ? words.pet_name : 'Anda'} ditunggu ${words.when_short}. Kode ${words.reference_code}.`,
    },
    reminder_review_request: {
      subject: (words) => `Bagaimana ${words.clinic_name}? (${words.reference_code})`,
      intro: (words) =>
        `${words.has_pet ? words.pet_name : 'Anda'} baru saja ke ${words.clinic_name}. Bagaimana rasanya?`,
      notes: () => ['Ulasan singkat di aplikasi membantu pemilik lain dan kliniknya.'],
      sms: (words) =>
        `Bagaimana kunjungan ${words.has_pet ? words.pet_name : 'Anda'}? Ulasan singkat di aplikasi sangat membantu. Kode ${words.reference_code}.`,
    },
  },
};
