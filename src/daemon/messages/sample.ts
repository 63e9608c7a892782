import type { MailFacts, MailLang, MailType } from '../../domain/message.ts';

/** The visit that a preview speaks of when no booking is named. */
export function sampleFacts(type: MailType, lang: MailLang, now: Temporal.Instant): MailFacts {
  const starts_at = now.round({ smallestUnit: 'hour' }).add({ hours: 48 });
  const has_refund =
    type === 'booking_cancelled' || type === 'refund_processed' || type === 'payment_late';
  const amount = { amount_minor: 25_000_000, currency: 'IDR' } as const;
  return {
    lang,
    reference_code: 'BP10000127',
    owner_name: { en: 'Rina Wijaya', id: 'Rina Wijaya', ja: '山田 花子' }[lang],
    pet_name: { en: 'Mochi', id: 'Mochi', ja: 'モチ' }[lang],
    service_name: { en: 'Check-up', id: 'Pemeriksaan', ja: '健康診断' }[lang],
    staff_name: 'drh. Sari',
    clinic_name: 'Menteng Pet Clinic',
    clinic_address: 'Jl. Cikini Raya 12, Jakarta',
    clinic_phone: '+62 21 555 0101',
    clinic_email: null,
    time_zone: 'Asia/Jakarta',
    starts_at,
    ends_at: starts_at.add({ minutes: 30 }),
    quantity: 1,
    amount,
    payment_state: 'paid',
    refund: has_refund ? amount : null,
    refund_percent: has_refund ? 100 : null,
    cancelled_by: type === 'booking_cancelled' ? 'owner' : null,
    answer_by: now.add({ minutes: 30 }),
    has_card: true,
  };
}
