import type { Catalogue } from './catalogue.ts';

export const id: Catalogue = {
  greeting: (words) => `Yth. ${words.owner_name},`,
  closing: (words) => `Sampai jumpa,\n${words.clinic_name}`,
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
      notes: () => [
        'Mohon datang lima menit lebih awal.',
        'Berkas terlampir menambahkan janji temu ke kalender Anda.',
        'Untuk membatalkan atau bertanya, sebutkan kode booking Anda atau hubungi klinik.',
      ],
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
      ],
    },
    payment_failed: {
      subject: (words) => `Pembayaran tidak berhasil (${words.reference_code})`,
      intro: (words) =>
        `Pembayaran janji temu ${words.pet_name} tidak berhasil; tidak ada dana yang ditarik.`,
      notes: () => [
        'Tempat Anda masih disimpan sampai batas waktunya.',
        'Silakan coba lagi di halaman pembayaran yang sama.',
      ],
    },
    payment_late: {
      subject: (words) => `Pembayaran Anda terlambat (${words.reference_code})`,
      intro: (words) =>
        `Batas waktu untuk ${words.when} sudah lewat saat pembayaran tiba; tempatnya tidak dapat diberikan.`,
      notes: (words) => [
        `Seluruh dana${words.refund ? ` (${words.refund})` : ''} dikembalikan kepada Anda.`,
        'Mohon maaf. Silakan pilih waktu lain.',
      ],
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
    },
    approval_declined: {
      subject: (words) => `Tidak jadi: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `Permintaan Anda untuk ${words.pet_name} di ${words.clinic_name} tidak dikonfirmasi.`,
      notes: () => [
        'Tidak ada dana yang ditarik; pencadangan dana di kartu Anda sudah dilepas.',
        'Silakan pilih waktu lain.',
      ],
    },
    refund_processed: {
      subject: (words) => `Dana dikembalikan (${words.reference_code})`,
      intro: (words) =>
        `Pengembalian dana Anda${words.refund ? ` sebesar ${words.refund}` : ''} diproses bank.`,
      notes: () => ['Bank biasanya memerlukan 5 sampai 10 hari kerja.'],
    },
    reminder_upcoming: {
      subject: (words) => `Pengingat: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `Janji temu ${words.pet_name} di ${words.clinic_name} sudah dekat.`,
      notes: () => ['Jika Anda berhalangan, mohon batalkan sekarang agar tempatnya bisa dipakai.'],
    },
    reminder_review_request: {
      subject: (words) => `Bagaimana ${words.clinic_name}? (${words.reference_code})`,
      intro: (words) => `${words.pet_name} baru saja ke ${words.clinic_name}. Bagaimana rasanya?`,
      notes: () => ['Ulasan singkat di aplikasi membantu pemilik lain dan kliniknya.'],
    },
  },
};
