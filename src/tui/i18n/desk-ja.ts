import type { DeskCatalogue } from './desk-catalogue.ts';

const verbs = {
  arrived: '来院',
  completed: '完了',
  'no-show': '無断',
  message: '再送信',
} as const;

export const desk_ja: DeskCatalogue = {
  actions: {
    mark: '予約を選択: a, c, n, m は選択した全件に効く',
    unmark: '選択をすべて外す',
    bulk_go: 'はい、全件に実行する',
    redo: '元に戻した操作をやり直す',
    journal: '自分の操作のうち、まだ戻せるもの',
    journal_go: '元に戻す',
    resend: 'お知らせを再送信 (確認あり、取消不可)',
    hold: '予約せずに、この時間を押さえる',
    zoom: '詳細欄を広げる / 戻す',
    vet_columns: '獣医ごとの列 / 一覧',
    col_prev: '左の獣医',
    col_next: '右の獣医',
    switch_user: '担当者を替える',
    diff: '記録を2件並べて比べる',
    theme: '配色を切り替える',
    switch_go: 'この担当者で続ける',
  },
  hints: { mark: '選択' },

  marked: (count) => `${count} 件選択`,
  marks_full: (most) => `選択できるのは ${most} 件までです。`,
  no_marks: '選択はありません。z で直前の変更を戻せます。',
  marks_first: (count) => `${count} 件を選択中です。a c n m は全件に、u で選択を外します。`,

  bulk_title: (verb, count) => `${verbs[verb]}: ${count} 件`,
  bulk_count: (planned, kept) =>
    `${planned} 件に実行${kept === 0 ? '' : `、${kept} 件はそのまま (下記)`}。あとからの選択は含みません。`,
  bulk_more: (count) => `ほか ${count} 件 (Down)`,
  bulk_effects: {
    arrived: '全件を今の時刻で来院にします。U で1件ずつ戻せます。',
    completed: '診察を完了にします。元に戻せません。',
    'no-show': '通知は約30秒待ちます。その間は U で1件ずつ戻せます。',
    message: '最後のお知らせをもう一度送ります。取り消せません。',
  },
  outcomes: { planned: '実行予定', done: '完了', failed: '失敗', kept: 'そのまま' },
  keep_rows: '何もしない (Enter / Esc)',
  bulk_yes: (verb, count) => `y ${verbs[verb]}: ${count} 件`,
  bulk_typed: (verb, count) => `Ctrl-G ${verbs[verb]}: ${count} 件`,
  type_count: (count) => `確認のため ${count} と入力:`,
  bulk_running: (done, all) => `${all} 件中 ${done} 件...  Esc で次から中止`,
  bulk_close: 'Enter / Esc で閉じる',
  bulk_done: (done, left, verb) =>
    `${verbs[verb]}: ${done} 件済み${left === 0 ? '' : `、${left} 件は未実行`}`,
  it_is: (status) => `今は${status}です`,
  changed_since: '他の人が変更しました',
  not_tried: '未実行',

  journal_title: '直近1日の操作: まだ戻せるもの',
  journal_none: '戻せる操作はもうありません。',
  journal_leaves: (time) => `通知 ${time}`,
  journal_keys: 'y 元に戻す   Up/Down   Enter / Esc そのまま',
  journal_never: '戻せないもの: 診察中、完了、入金 (F で返金)、変更 (r でもう一度)。',
  undoable: { cancelled: 'キャンセル', arrived: '来院', 'no-show': '無断' },
  nothing_to_redo: 'やり直せる操作はありません。',
  redo_changed: (name) => `${name}はその後変更されたか、この日の予約ではありません。`,
  no_undo_pay: '入金は z では戻せません。返金は 4 の F です。',
  no_undo_move: '変更は z では戻せません。r でもう一度変更します。',

  switch_title: (name) => `担当者の交替  今: ${name}`,
  switch_token: 'またはトークン:',
  switch_keys: 'Enter この担当者で続ける   Up/Down   Esc そのまま   入力は残ります',
  switch_load: '負荷試験の実行中です。先に止めてください (8, S)。',
  switch_short: 'トークンが短すぎます。',
  switch_how: 'トークンを入力してください。petpro keys create で作れます。',
  switch_refused: 'このトークンは使えません。担当者は前のままです。',
  switch_absent: 'ここでは担当者を替えられません。終了して入り直してください。',
  switched: (name, role) => `担当: ${name}/${role}`,

  hold_free: '押さえられるのは空き時間だけです。',
  hold_keys: 'Ctrl-G 押さえて閉じる   Tab 次へ   Esc 枠を戻す   Ctrl-N 空にする',
  held: (name, until) => `${name}の枠を ${until} まで押さえました。e 支払リンク、$ 入金。`,

  diff_title: (reference) => `変更点 ${reference}`,
  diff_then: '前',
  diff_now: '後',
  diff_same: '記録に違いはありません。',
  diff_none: '比べられる記録が2件ありません。',
  diff_keys: 'Up/Down 新しい方 >   Left/Right もう一方 <   Esc 戻る',

  theme_is: (name) => `配色 ${name}`,
  theme_names: (names) => `配色: ${names}`,
  help_none: (text) => `「${text}」のキーはありません。Backspace か Esc。`,
};
