import type { Catalogue } from './catalogue.ts';

export const ja: Catalogue = {
  greeting: (words) => `${words.owner_name} 様`,
  closing: (words) => `ご来院をお待ちしております。\n${words.clinic_name}`,
  labels: {
    reference: '予約番号',
    when: '日時',
    service: '内容',
    pet: 'ペット',
    staff: '担当',
    place: '場所',
    phone: '電話',
    quantity: '人数',
    amount: '料金',
    paid: '支払い済み',
    due: '来院時にお支払い',
    refund: '返金',
  },
  mails: {
    booking_confirmed: {
      subject: (words) => `ご予約確定：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) => `${words.clinic_name}での${words.pet_name}のご予約が確定しました。`,
      notes: () => [
        '予約時間の5分前にお越しください。添付ファイルから予定をカレンダーに追加できます。',
        'キャンセルやご質問は、予約番号を添えてご返信いただくか、お電話ください。',
      ],
    },
    booking_cancelled: {
      subject: (words) =>
        `キャンセル完了：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) =>
        words.cancelled_by === 'clinic'
          ? `申し訳ございません。当院の都合により、${words.pet_name}のご予約をキャンセルいたしました。`
          : `${words.clinic_name}での${words.pet_name}のご予約をキャンセルいたしました。`,
      notes: (words) =>
        words.refund === null
          ? ['キャンセル規定により、返金はございません。']
          : [
              `${words.refund}（${words.refund_percent}%）を返金いたします。`,
              '反映には通常5～10営業日かかります。',
            ],
    },
    booking_rescheduled: {
      subject: (words) => `予約変更：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) =>
        `${words.clinic_name}での${words.pet_name}のご予約は、${words.when}に変更されました。`,
      notes: (words) => [
        ...(words.refund === null ? [] : [`差額の${words.refund}はお支払い方法に返金されます。`]),
        '添付のファイルでカレンダーの予定も変更されます。',
      ],
    },
    payment_failed: {
      subject: (words) => `お支払いが完了していません（${words.reference_code}）`,
      intro: (words) =>
        `${words.pet_name}のご予約のお支払いが完了しませんでした。ご請求はございません。`,
      notes: () => ['仮予約の期限までは、同じお支払いページからやり直せます。'],
    },
    payment_late: {
      subject: (words) => `お支払いが期限を過ぎました（${words.reference_code}）`,
      intro: (words) =>
        `仮予約（${words.when}）の期限後にお支払いが届いたため、ご予約をお取りできませんでした。`,
      notes: (words) => [
        `全額${words.refund === null ? '' : `（${words.refund}）`}を返金いたします。`,
        '申し訳ございませんが、別の日時をお選びください。',
      ],
    },
    approval_asked: {
      subject: (words) =>
        `ご予約申込み：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) =>
        `${words.clinic_name}への${words.pet_name}のお申込みを承りました。${words.answer_by}までにご返事します。`,
      notes: (words) => [
        'それまでお席を確保しております。まだ予約は確定していません。',
        ...(words.has_card
          ? ['カードの利用枠のみ確保しています。当院が承認した場合にのみ請求されます。']
          : []),
      ],
    },
    approval_declined: {
      subject: (words) =>
        `ご予約不成立：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) =>
        `申し訳ございません。${words.clinic_name}への${words.pet_name}のお申込みは確定に至りませんでした。`,
      notes: () => [
        'ご請求はございません。カードの利用枠は解放されました。',
        '別の日時をお選びいただけますと幸いです。',
      ],
    },
    refund_processed: {
      subject: (words) => `返金手続き完了（${words.reference_code}）`,
      intro: (words) =>
        `${words.refund === null ? '' : `${words.refund}の`}返金手続きを行いました。`,
      notes: () => ['口座への反映には通常5～10営業日かかります。'],
    },
    reminder_upcoming: {
      subject: (words) =>
        `ご予約の確認：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) => `${words.clinic_name}での${words.pet_name}のご予約が近づいています。`,
      notes: () => ['お越しになれない場合は、お早めにキャンセルをお願いいたします。'],
    },
    reminder_review_request: {
      subject: (words) => `ご来院ありがとうございました（${words.reference_code}）`,
      intro: (words) => `${words.clinic_name}での${words.pet_name}のご様子はいかがでしたか。`,
      notes: () => ['アプリで簡単なレビューをいただけると幸いです。'],
    },
  },
};
