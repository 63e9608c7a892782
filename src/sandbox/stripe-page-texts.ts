// The words of the pay page in the languages of the demo's customers.

import type { PayOutcome } from './stripe-outcomes.ts';

export type Lang = 'en' | 'ja' | 'id';

export type Texts = {
  readonly title: string;
  readonly test_note: string;
  readonly reference: string;
  readonly time_left: string;
  readonly minutes: (minutes: number) => string;
  readonly over: string;
  readonly done: string;
  readonly challenge: string;
  readonly back: string;
  readonly cancel: string;
  readonly webhooks: string;
  readonly more: string;
  readonly buttons: Readonly<Record<PayOutcome, { label: string; hint: string }>>;
  readonly results: Readonly<Record<PayOutcome, string>>;
};

/** What the pay page says. */
export const texts: Readonly<Record<Lang, Texts>> = {
  en: {
    title: 'Pay',
    test_note: 'Test payment. No money moves.',
    reference: 'Reference',
    time_left: 'Time left',
    minutes: (minutes) => (minutes === 1 ? '1 minute' : `${minutes} minutes`),
    over: 'This checkout has expired. Nothing was charged.',
    done: 'This checkout is complete.',
    challenge: 'Your bank asks whether it is you. Pay approves, Decline refuses.',
    back: 'Back to the clinic',
    cancel: 'Cancel and go back',
    webhooks: 'Messages to the clinic',
    more: 'What can go wrong',
    buttons: {
      success: { label: 'Pay', hint: 'The card is charged at once.' },
      decline: { label: 'Decline', hint: 'The bank refuses; you may try again.' },
      sca: { label: '3-D Secure challenge', hint: 'The bank asks first.' },
      lost_webhook: { label: 'Pay, webhook lost', hint: 'The clinic is never told.' },
      late: { label: 'Pay late', hint: 'The money arrives after the hold has lapsed.' },
      duplicate: { label: 'Pay, webhook twice', hint: 'The clinic is told two times.' },
      processing: { label: 'Processing delay', hint: 'The bank takes a few seconds.' },
      reordered: { label: 'Pay, news out of order', hint: 'Old news arrives after new news.' },
    },
    results: {
      success: 'Paid. Thank you.',
      decline: 'The card was declined. Nothing was charged.',
      sca: 'Your bank wants to check that it is you.',
      lost_webhook: 'Paid. The webhook was lost on purpose.',
      late: 'Accepted. The money arrives after the hold has lapsed.',
      duplicate: 'Paid. The webhook was sent twice.',
      processing: 'Accepted. The bank is still working on it.',
      reordered: 'Paid. The webhooks were sent in the wrong order.',
    },
  },
  ja: {
    title: 'お支払い',
    test_note: 'テスト決済です。実際の請求はありません。',
    reference: '予約番号',
    time_left: '残り時間',
    minutes: (minutes) => `${minutes}分`,
    over: 'この決済ページは期限切れです。請求はありません。',
    done: 'お支払い手続きは完了しています。',
    challenge: 'カード会社が本人確認を求めています。',
    back: 'クリニックに戻る',
    cancel: 'キャンセルして戻る',
    webhooks: 'クリニックへの通知',
    more: '異常系を試す',
    buttons: {
      success: { label: '支払う', hint: 'すぐに決済されます。' },
      decline: { label: '拒否', hint: 'カードが拒否されます。' },
      sca: { label: '3Dセキュア認証', hint: '本人確認が先に入ります。' },
      lost_webhook: { label: '支払う（通知なし）', hint: 'クリニックに通知が届きません。' },
      late: { label: '遅れて支払う', hint: '仮予約の期限後に入金されます。' },
      duplicate: { label: '支払う（二重通知）', hint: '通知が2回届きます。' },
      processing: { label: '処理遅延', hint: '銀行の処理に数秒かかります。' },
      reordered: { label: '支払う（順序逆転）', hint: '通知が逆順で届きます。' },
    },
    results: {
      success: 'お支払いが完了しました。',
      decline: 'カードが拒否されました。請求はありません。',
      sca: 'カード会社が本人確認を求めています。',
      lost_webhook: 'お支払い完了。通知は送られていません。',
      late: '受け付けました。期限後に入金されます。',
      duplicate: 'お支払い完了。通知は2回送られました。',
      processing: '受け付けました。銀行が処理中です。',
      reordered: 'お支払い完了。通知は逆順で送られました。',
    },
  },
  id: {
    title: 'Bayar',
    test_note: 'Pembayaran uji coba. Tidak ada uang yang berpindah.',
    reference: 'Kode',
    time_left: 'Sisa waktu',
    minutes: (minutes) => `${minutes} menit`,
    over: 'Halaman pembayaran ini sudah kedaluwarsa. Tidak ada tagihan.',
    done: 'Pembayaran ini sudah selesai.',
    challenge: 'Bank Anda meminta konfirmasi. Bayar menyetujui, Tolak membatalkan.',
    back: 'Kembali ke klinik',
    cancel: 'Batal dan kembali',
    webhooks: 'Pesan ke klinik',
    more: 'Coba gangguan',
    buttons: {
      success: { label: 'Bayar', hint: 'Kartu langsung didebit.' },
      decline: { label: 'Tolak', hint: 'Bank menolak; boleh coba lagi.' },
      sca: { label: 'Verifikasi 3-D Secure', hint: 'Bank bertanya dulu.' },
      lost_webhook: { label: 'Bayar, webhook hilang', hint: 'Klinik tidak diberi tahu.' },
      late: { label: 'Bayar terlambat', hint: 'Uang masuk setelah batas waktu.' },
      duplicate: { label: 'Bayar, webhook ganda', hint: 'Klinik diberi tahu dua kali.' },
      processing: { label: 'Proses tertunda', hint: 'Bank butuh beberapa detik.' },
      reordered: { label: 'Bayar, urutan terbalik', hint: 'Kabar lama tiba belakangan.' },
    },
    results: {
      success: 'Lunas. Terima kasih.',
      decline: 'Kartu ditolak. Tidak ada tagihan.',
      sca: 'Bank Anda meminta konfirmasi.',
      lost_webhook: 'Lunas. Webhook sengaja dihilangkan.',
      late: 'Diterima. Uang masuk setelah batas waktu.',
      duplicate: 'Lunas. Webhook dikirim dua kali.',
      processing: 'Diterima. Bank masih memproses.',
      reordered: 'Lunas. Webhook dikirim dengan urutan terbalik.',
    },
  },
};
