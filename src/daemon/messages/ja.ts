import type { Catalogue } from './catalogue.ts';

export const ja: Catalogue = {
  greeting: (words) => `${words.owner_name} 様`,
  closing: (words) => `ご来院をお待ちしております。\n${words.clinic_name}`,
  unsubscribe: 'お知らせメールの配信停止',
  unsubscribe_page: {
    title: 'お知らせメール',
    question: 'お知らせメールの配信を停止しますか。重要なご連絡は引き続きお送りします。',
    button: '停止する',
    done: '配信を停止しました。',
  },
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
      notes: (words) => [
        '予約時間の5分前にお越しください。添付ファイルから予定をカレンダーに追加できます。',
        'キャンセルやご質問は、予約番号を添えてご返信いただくか、お電話ください。',
        ...(words.has_tickets
          ? ['座席ごとのチケットを添付しました。入場の際にコードをお見せください。']
          : []),
      ],
      sms: (words) =>
        `${words.pet_name}のご予約を承りました。${words.when_short}（${words.reference_code}）`,
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
      sms: (words) =>
        `${words.when_short}の${words.pet_name}のご予約はキャンセルされました。${words.refund === null ? '' : `返金：${words.refund}`}（${words.reference_code}）`,
    },
    booking_rescheduled: {
      subject: (words) => `予約変更：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) =>
        `${words.clinic_name}での${words.pet_name}のご予約は、${words.when}に変更されました。`,
      notes: (words) => [
        ...(words.refund === null ? [] : [`差額の${words.refund}はお支払い方法に返金されます。`]),
        '添付のファイルでカレンダーの予定も変更されます。',
        ...(words.has_tickets
          ? ['座席ごとのチケットを添付しました。入場の際にコードをお見せください。']
          : []),
      ],
      sms: (words) =>
        `${words.pet_name}のご予約は${words.when_short}に変更されました（${words.reference_code}）`,
    },
    payment_failed: {
      subject: (words) => `お支払いが完了していません（${words.reference_code}）`,
      intro: (words) =>
        `${words.pet_name}のご予約のお支払いが完了しませんでした。ご請求はございません。`,
      notes: () => ['仮予約の期限までは、同じお支払いページからやり直せます。'],
      sms: (words) => `お支払いが完了していません。期限までやり直せます（${words.reference_code}）`,
    },
    payment_late: {
      subject: (words) => `お支払いが期限を過ぎました（${words.reference_code}）`,
      intro: (words) =>
        `仮予約（${words.when}）の期限後にお支払いが届いたため、ご予約をお取りできませんでした。`,
      notes: (words) => [
        `全額${words.refund === null ? '' : `（${words.refund}）`}を返金いたします。`,
        '申し訳ございませんが、別の日時をお選びください。',
      ],
      sms: (words) => `お支払いが期限を過ぎたため全額返金いたします（${words.reference_code}）`,
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
      sms: (words) =>
        `${words.when_short}のお申込みを承りました。${words.answer_by_short}までにご返事します（${words.reference_code}）`,
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
      sms: (words) =>
        `${words.when_short}のお申込みは確定に至りませんでした。ご請求はございません（${words.reference_code}）`,
    },
    refund_processed: {
      subject: (words) => `返金手続き完了（${words.reference_code}）`,
      intro: (words) =>
        `${words.refund === null ? '' : `${words.refund}の`}返金手続きを行いました。`,
      notes: () => ['口座への反映には通常5～10営業日かかります。'],
      sms: (words) =>
        `${words.refund === null ? '' : `${words.refund}の`}返金手続きを行いました（${words.reference_code}）`,
    },
    waitlist_offered: {
      subject: (words) =>
        `空きのお知らせ：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) =>
        `${words.clinic_name}に空きが出ました。${words.answer_by}まで${words.pet_name}のためにお取り置きします。`,
      notes: () => ['アプリでお返事ください。期限を過ぎると次の方にご案内します。'],
      sms: (words) =>
        `${words.when_short}に空きが出ました（${words.pet_name}）。${words.answer_by_short}までにアプリでお取りください（${words.reference_code}）`,
    },
    reminder_check_in: {
      subject: (words) => `受付開始：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) => `${words.clinic_name}で${words.pet_name}の受付を開始しました。`,
      notes: () => ['受付で予約番号をお見せください。'],
      sms: (words) =>
        `${words.when_short}の${words.pet_name}の受付を開始しました。受付で${words.reference_code}をお見せください。`,
    },
    reminder_follow_up: {
      subject: (words) => `${words.pet_name}のその後について（${words.reference_code}）`,
      intro: (words) => `先日は${words.clinic_name}にお越しいただきありがとうございました。`,
      notes: () => ['気になることがありましたら、予約番号を添えてご連絡ください。'],
      sms: (words) =>
        `その後、${words.has_pet ? `${words.pet_name}の様子は` : ''}いかがですか。気になることがあればお電話ください（${words.reference_code}）`,
    },
    reminder_upcoming: {
      subject: (words) =>
        `ご予約の確認：${words.pet_name}、${words.when}（${words.reference_code}）`,
      intro: (words) => `${words.clinic_name}での${words.pet_name}のご予約が近づいています。`,
      notes: () => ['お越しになれない場合は、お早めにキャンセルをお願いいたします。'],
      sms: (words) =>
        `${words.when_short}に${words.pet_name}のご予約がございます（${words.reference_code}）`,
    },
    reminder_review_request: {
      subject: (words) => `ご来院ありがとうございました（${words.reference_code}）`,
      intro: (words) =>
        `${words.clinic_name}での${words.has_pet ? `${words.pet_name}のご様子` : words.service_name}はいかがでしたか。`,
      notes: () => ['アプリで簡単なレビューをいただけると幸いです。'],
      sms: (words) =>
        `${words.pet_name}のご来院はいかがでしたか。アプリでレビューをお寄せください（${words.reference_code}）`,
    },
  },
};
