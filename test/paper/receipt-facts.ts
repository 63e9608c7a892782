import type { ReceiptFacts } from '../../src/domain/receipt.ts';

const jpy = (amount_minor: number) => ({ amount_minor, currency: 'JPY' });
const idr = (amount_minor: number) => ({ amount_minor, currency: 'IDR' });

/** A receipt of a Japanese clinic, with the signs that fonts lack first. */
export const japanese: ReceiptFacts = {
  receipt_number: 'BP10000127-1',
  lang: 'ja',
  clinic_name: 'さくら動物病院',
  clinic_address: '東京都世田谷区桜1-2-3',
  clinic_phone: '+81 3-5550-0123',
  owner_name: '髙橋 﨑人',
  pet_name: 'ムギ',
  service_name: '健康診断',
  starts_at: Temporal.Instant.from('2026-11-20T04:15:00Z'),
  paid_at: Temporal.Instant.from('2026-11-20T04:40:00Z'),
  time_zone: 'Asia/Tokyo',
  payment_method: 'cash',
  price: jpy(3500),
  amount: jpy(3500),
  tax: jpy(318),
  tax_bp: 1000,
  rest: jpy(0),
  refunded: jpy(0),
};

export const indonesian: ReceiptFacts = {
  ...japanese,
  lang: 'id',
  clinic_name: 'Klinik Sehat BSD',
  clinic_address: 'Jl. Pahlawan Seribu 12, BSD City, Tangerang Selatan',
  owner_name: 'Siti Rahmawati',
  pet_name: 'Mochi',
  service_name: 'Checkup',
  time_zone: 'Asia/Jakarta',
  price: idr(25_000_000),
  amount: idr(15_000_000),
  rest: idr(10_000_000),
  refunded: idr(1_000_000),
};
