import type { DeskWords } from './words.ts';

export const ja: DeskWords = {
  states: {
    booked: '予約済み',
    arrived: '来院',
    'in-progress': '診察室',
    completed: '完了',
    late: '遅刻',
    unresolved: '時間超過、結果未入力',
    'no-show': '無断',
    cancelled: '取消',
  },
  held: '仮押さえ',
  pays: {
    paid: '支払済み',
    due: '未払い (窓口)',
    pending: '支払い手続き中',
    refunding: '返金手続き中',
    partially_refunded: '一部返金済み',
    refunded: '返金済み',
    failed: '支払い失敗',
  },
  methods: {
    link: '支払いリンク',
    at_clinic: '来院時払い',
    cash: '現金',
    card_terminal: 'カード',
    transfer: '振込',
  },
  moved: { arrived: '来院', 'in-progress': '診察室', completed: '完了', 'no-show': '無断' },
  undo_words: { cancelled: '取消', arrived: '来院受付', 'no-show': '無断' },
  problems: {
    slot_taken: 'その時間はたった今埋まりました。',
    slot_locked: 'その時間は他の人が手続き中です。',
    reservation_expired: '仮押さえの時間が切れました。',
    invalid_slot: 'その時間は予約できません。',
    service_unavailable: 'その時間には提供していません。',
    payment_failed: '支払いができませんでした。',
    invalid_input: '受け付けられません。',
    unauthorized: 'ログインが切れています。',
    forbidden: 'この役割では許可されていません。',
    not_found: '見つかりません。',
    conflict: 'その間に変更されました。',
    policy_refused: '医院の規則でできません。',
    rate_limited: '要求が多すぎます。少し待ってください。',
    internal: 'サーバーで問題が起きました。',
  },
  rules: {
    check_in_too_early: (reference, time) => `${reference} の来院受付は ${time} からです。`,
    no_show_too_early: (reference, time) => `${reference} を無断にできるのは ${time} からです。`,
    visit_not_started: (reference) => `${reference} はまだ診察室に入っていません。先に in です。`,
    visit_under_way: (reference) => `${reference} は診察中です。できるのは完了だけです。`,
    booking_final: (reference) => `${reference} は終わった予約です。変更できません。`,
    visit_started: (reference) =>
      `${reference} は開始時刻を過ぎています。飼い主の都合では変更できません (--by clinic)。`,
    same_slot: (reference) => `${reference} はすでにその時間です。`,
    owner_busy: () => 'その飼い主には同じ時間に別の予約か仮押さえがあります。',
    hold_booked: (reference) => `${reference} はすでに予約になっています。`,
    hold_given_back: (reference) => `仮押さえ ${reference} はすでに戻されています。`,
    nothing_to_undo: (reference) => `${reference} に元に戻せる操作はありません。`,
    undo_too_late: (reference) => `${reference} の操作は1日以上前です。戻せません。`,
    undo_not_yours: (reference) => `${reference} は別の人の操作です。`,
    already_told: (reference) =>
      `${reference} はすでに飼い主に連絡済みです。予約し直してください。`,
    refund_under_way: (reference) => `${reference} の返金はすでに進んでいます。`,
    slot_gone: (reference) => `${reference} の枠はすでに埋まりました。`,
  },
  help: {
    'check-in': '飼い主が到着',
    start: 'ペットが診察室に入った',
    complete: '診察が終わった',
    'no-show': '来なかった (開始10分後から)',
    book: '電話予約: 飼い主、ペット、内容、日、時刻、支払い',
    reschedule: '予約を別の時刻へ移す (確認あり)',
    cancel: '予約を取り消す、仮押さえを戻す (返金額を示して確認)',
    pay: '予約や仮押さえの代金を受け取る',
    undo: '自分の最後の取消・来院受付・無断、またはその行の操作を戻す',
    show: '行のすべて',
    find: '飼い主を名前、ペット、電話番号の末尾、予約番号で探す',
    waitlist: 'キャンセル待ち。続けて wl offer 2, wl accept 2, wl remove 2',
    day: '別の日: fri, 明日, +2d',
    today: '今日の予定',
    resync: '予定を読み直して表示',
    more: '一覧の続き',
    status: '今の状況と、一覧の後に変わったこと',
    history: '最近の入力。!! は最後、!3 は3番を繰り返す',
    help: 'この一覧、または一語の説明: he ci',
    quit: '終了。Ctrl-D でも終わる',
  },
  examples: {
    'check-in': ['例: ci 6', '例: ci 6 8-9', '例: ci BP10000127'],
    book: ['例: ma 7890', '例: ma 7890 --pet mochi --service checkup --at "fri 11:15" --pay cash'],
    reschedule: ['例: mv 6', '例: mv 6 fri 11:15'],
    cancel: ['例: ca 6', '例: ca 6 --by clinic --reason "獣医が病気"'],
    pay: ['例: pa 6', '例: pa 6 cash', '例: pa 6 card 100000'],
    waitlist: ['例: wl', '例: wl offer 2', '例: wl accept 2'],
    undo: ['例: un', '例: un 6'],
    day: ['例: da fri'],
    find: ['例: fi siti', '例: fi 7890'],
  },
  help_more: [
    '番号は最後の一覧の行です。BP10000127 のような予約番号も使えます。',
    '質問では Enter が安全な答え、Ctrl-C で質問を離れます。',
  ],

  welcome: (clinic, role) => `${clinic}。役割は ${role}。he でヘルプ、q で終了。`,
  how_to_end: '何も進行していません。q か Ctrl-D で終了。もう一度 Ctrl-C でも終わります。',
  waiting_for_answer: 'サーバーの返事を待っています。もう一度 Ctrl-C で待たずに終わります。',
  no_arrows: '矢印キーは使えません。hi で最近の入力、!! で最後を繰り返します。',
  read_only: '閲覧専用です。変更するには --read-only なしで petpro desk を。',
  no_history: 'その行はありません。hi で繰り返せる行が出ます。',
  in_line: (number, line, sentence) => `${number} 行目 (${line}): ${sentence}`,
  help_line: (short, verb, text) => `${short} ${verb}: ${text}`,

  unknown_word: (word, nearest) =>
    nearest === null
      ? `「${word}」という言葉はありません。he で一覧が出ます。`
      : `「${word}」という言葉はありません。${nearest} ですか?`,
  several_words: (word, names) => `「${word}」は ${names} のどれかです。続きを入力してください。`,
  unknown_flag: (verb, flag, names) =>
    names === ''
      ? `${verb} に ${flag} はありません。`
      : `${verb} に ${flag} はありません。${names} です。`,
  flag_without_value: (flag) => `${flag} の後に値が必要です。`,
  candidates: (names) => `候補: ${names}。`,

  need_answer: (question, flag) =>
    `「${question}」の答えが必要ですが、聞く相手がいません。${flag} か --ask を付けてください。`,
  need_yes: (effect) => `${effect} 聞く相手がいません。--yes を付けてください。`,
  do_it: '実行しますか? y か N:',
  kept: 'そのままにしました。',
  left: 'やめました。これ以上は何もしていません。',
  too_early: (text) => `「${text}」は質問の前の入力です。今、答えてください。`,
  type_word: (word) => `確認のため ${word} と入力:`,
  wrong_word: (given, word) => `--confirm ${given} は違います。${word} です。`,
  which: (count, fallback) =>
    `どれですか? 1 から ${count}。Enter ${fallback === null ? 'でやめる' : `で ${fallback}`}:`,
  no_such_choice: (text, count) => `「${text}」はありません。1 から ${count} の番号を入力。`,

  day_head: (day, count, counts) =>
    count === 0 ? `${day}: 予約はありません。` : `${day}: ${count} 行: ${counts}。`,
  empty_day: (day) => `${day}: 予約はありません。`,
  count_of: (count, state) => `${state} ${count}`,
  more_rows: (left) => `あと ${left} 行。mo で続き。`,
  no_more_rows: '最後の行でした。re で読み直します。',
  day_not_time: (text) => `「${text}」は時刻です。日を入力してください。`,
  no_day: (text) => `「${text}」は日や時刻として読めません。明日, fri, +2d, 2026-11-28 のように。`,
  day_is_past: (text, reading) => `「${text}」は ${reading} と読めますが、過ぎています。`,
  held_until: (time) => `仮押さえ ${time} まで`,
  nobody: '名前なし',
  somebody: '誰か',
  nothing_printed: 'まだ一覧が出ていません。to で今日、da fri で金曜。',
  no_such_row: (number, count) =>
    count === 0
      ? `${number} 行はありません。最後の一覧は空でした。`
      : `${number} 行はありません。最後の一覧は 1 から ${count} です。`,
  which_row: 'どの行か入力してください。最後の一覧の番号か予約番号。例: ci 6',
  no_row_word: (text) => `「${text}」は行の番号でも BP10000127 のような予約番号でもありません。`,
  one_row_only: '一度に一行だけです。',
  row_is_hold: 'これは仮押さえです。pa で支払い、ca で戻します。',

  offline_day: (time) =>
    `オフライン: サーバーが応答しません。${time} 時点の予定です。今は変更できません。`,
  no_answer: (since) => `サーバーが応答しません (${since})。何も変わっていません。`,
  unsure: (since) => `サーバーの返事がありません (${since})。実行されたかどうか分かりません。`,
  next_unavailable: '後でする予定としては残りません。!! でもう一度。二重にはなりません。',
  next_conflict: '何も変わっていません。それでも行うなら !!、読み直すなら re。',
  next_login: 'q で終了し、petpro auth status を実行してください。',
  next_forbidden: (role) => `役割は ${role} です。許可のある人に頼んでください。`,
  next_expired: 'ma でもう一度押さえてください。',
  next_internal: (trace) => `サーバーの担当者に伝える番号: ${trace}`,
  next_help: 'he で言葉の一覧、he ci で説明。',
  possible: (verbs) => `できること: ${verbs}。`,
  seconds_ago: (seconds) => `${seconds} 秒前`,
  at_time: (time) => time,
  changed_by: (who, state, ago) =>
    `一覧の後に変わりました: 今は ${state}、${who}${ago === '' ? '' : `、${ago}`}。`,

  done_move: (who, state, before) => `${who}: ${state} (前は${before})。`,
  not_possible: (who, state) => `${who}: できません。今は「${state}」です。`,
  still_due: (money) => `未払い ${money} があります。`,
  and_more: (count) => `ほか ${count} 行`,
  bulk: (count, state) => `${count} 行を「${state}」にします。`,
  bulk_partial: (done, failed) => `${done} 行できました。${failed} 行はできませんでした。`,
  admitted: (who, seats, left) =>
    `${who}: 入場${seats === '' ? '' : ` ${seats}`}${left > 0 ? `、残り ${left}` : ''}。`,
  nothing_to_undo: '戻せる操作はありません。',
  undone: (what, time, who, state) => `${time} ${who} の${what}を戻しました: ${state}。`,

  owner_or_clinic: '--by は owner か clinic です。',
  release_effect: (what) => `${what} の仮押さえを戻します。`,
  released: (what) => `戻しました: ${what}。`,
  cancel_effect: (what, money, percent, by) =>
    `${what} を取り消します (${by === 'clinic' ? '医院の都合' : '飼い主の都合'})。返金 ${money} (${percent} %)、飼い主に連絡します。`,
  cancelled: (what, money, until) =>
    `取り消しました: ${what}。返金 ${money}。${until === null ? '' : `${until} までは un で戻せます。`}`,
  service_gone: 'この内容はもう提供していません。予約し直してください。',
  move_effect: ({ what, to, vet, price, back, due }) =>
    [
      `${what} を ${to}${vet === null ? '' : ` ${vet}`} に移します: ${price}`,
      back === null ? '' : `、返金 ${back}`,
      due === null ? '' : `、窓口で ${due}`,
      '。',
    ].join(''),
  moved_to: (who, moment) =>
    `移しました: ${who}、${moment}。飼い主に連絡します。re で番号を付け直します。`,
  pay_head: (what, money) => `${what}: ${money}。支払い方法は?`,
  no_method: (text, list) => `「${text}」という支払い方法はありません: ${list}。`,
  no_amount: (text) => `「${text}」は金額として読めません。100000 のように。`,
  hold_paid_whole: '仮押さえは全額払いです。金額は書きません。',
  nothing_due: '未払いはありません。',
  paid_before: 'すでに支払済みです。お金を受け取らないでください。',
  paid: (who, money, method, left) =>
    `${who}: ${money} 受領、${method}。${left === null ? '全額支払済みです。' : `残り ${left}。`}`,

  ask_owner: (found) =>
    found === null
      ? '飼い主: 電話番号の末尾、名前、ペット (Enter でやめる):'
      : `飼い主: 電話番号の末尾、名前、ペット (Enter で ${found}):`,
  nobody_found: (text) =>
    `「${text}」では見つかりません。新しい飼い主は ma の後に電話番号全部を入力。`,
  several_owners: (text, has_more) => `「${text}」は複数います${has_more ? ' (最初の数人)' : ''}:`,
  new_owner: (phone) => `${phone} の人はいません。新しい飼い主を登録します。`,
  ask_name: '飼い主の名前 (Enter でやめる):',
  ask_pet: 'ペットの名前 (Enter でやめる):',
  owner_added: (name, pet) => `登録しました: ${name}、${pet}。`,
  no_pet: (owner) => `${owner} にはペットがいません: petpro owners add`,
  which_pet: 'どのペットですか?',
  which_service: '内容は?',
  which_day: (fallback) => `日: 明日, fri, +2d (Enter で ${fallback}):`,
  no_free_time: (day) => `${day} に空きはありません。`,
  no_free_time_ahead: (service, days) =>
    `${service} は ${days} 日先まで空きがありません。wl でキャンセル待ち。`,
  time_not_free: (day, time, near) =>
    near === ''
      ? `${day} ${time} は空いていません。他の時刻もありません。`
      : `${day} ${time} は空いていません。空き: ${near}。`,
  free_times: (service, day, left) =>
    `${service}、${day}。番号、別の日${left > 0 ? `、mo であと ${left}` : ''}:`,
  held_now: (what, vet, until, minutes) =>
    `押さえました: ${what}${vet === null ? '' : ` ${vet}`}、${until} まで (${minutes} 分)。`,
  how_paid: (price) => `料金 ${price}。支払い方法は?`,
  booked: (reference, what, method) => `予約しました ${reference}: ${what}、${method}。`,
  link_sent: (reference, what, until) =>
    `仮押さえ ${reference}: ${what}、支払いは ${until} まで。支払いリンク:`,
  hold_given_back: '仮押さえを戻しました。',
  hold_ends: (time) => `仮押さえを戻せませんでした。${time} に自動で終わります。`,

  status_where: (where, role, ms) => `${where}。役割は ${role}。応答 ${ms} ms。`,
  status_changes: (count, since) =>
    count === 0
      ? `${since} の一覧から変わっていません。`
      : `${since} の一覧から ${count} 行変わりました。re で読み直し。`,
  phone: (number) => `電話 ${number}。`,
  price: (money, state, due) => `料金 ${money}、${state}。${due === null ? '' : `未払い ${due}。`}`,
  note: (text) => `メモ: ${text}`,
  messages_failed: (channels) => `届いていない連絡: ${channels}。`,
  last_change: (action, who, moment) => `最後の変更: ${action}、${who}、${moment}。`,
  next_visit: (moment, what, reference) => `次の来院 ${moment}: ${what}、${reference}。`,
  last_visit: (moment, service) => `前の来院 ${moment}: ${service}。`,
  owes: (money) => `未払い ${money}。`,
  no_shows: (count) => `無断 ${count} 回。`,
  ask_find: '名前、ペット、電話番号の末尾、予約番号 (Enter でやめる):',

  nobody_waits: 'キャンセル待ちはいません。',
  wait_head: (count, has_more) => `キャンセル待ち ${count}${has_more ? ' 以上' : ''}:`,
  wait_hint: 'wl offer 2, wl accept 2, wl remove 2。wl で一覧をもう一度。',
  waits: (position) => `${position} 番目`,
  wait_offered: (moment, until) => `${moment} を案内中、${until} まで`,
  print_waitlist_first: 'キャンセル待ちの一覧がまだ出ていません。wl と入力。',
  wait_changed: '一覧の後に変わりました。上が今の内容です。',
  wait_offered_to: (who, moment, until) => `${who} に案内しました: ${moment}、${until} まで。`,
  accept_effect: (who, moment) => `${moment} の案内を ${who} のために受けます。`,
  wait_accepted: (who, reference) => `${who} のために受けました: ${reference}。`,
  remove_effect: (who) => `${who} をキャンセル待ちから外します。`,
  wait_removed: (who) => `外しました: ${who}。`,
};
