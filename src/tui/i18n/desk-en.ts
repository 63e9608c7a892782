import type { DeskCatalogue } from './desk-catalogue.ts';

const rows = (count: number) => `${count} ${count === 1 ? 'booking' : 'bookings'}`;
const verbs = {
  arrived: 'arrived',
  completed: 'completed',
  'no-show': 'no-show',
  message: 'message again',
} as const;

export const desk_en: DeskCatalogue = {
  actions: {
    mark: 'Mark the booking: a, c, n and m act on all marked ones',
    unmark: 'Take all marks away',
    bulk_go: 'Yes, do it for all of them',
    redo: 'Do again what was just undone',
    journal: 'What I did and can still take back',
    journal_go: 'Take it back',
    resend: 'Send the message again (asks; cannot be undone)',
    hold: 'Hold this time without booking it yet',
    zoom: 'Enlarge the pane, and back',
    vet_columns: 'A column for each vet, or the list',
    col_prev: 'Vet to the left',
    col_next: 'Vet to the right',
    switch_user: 'Somebody else sits down',
    diff: 'Compare two entries of the log',
    theme: 'Colours: the next theme',
    switch_go: 'Go on as this person',
  },
  hints: { mark: 'mark' },

  marked: (count) => `${count} marked`,
  marks_full: (most) => `At most ${most} rows can be marked.`,
  no_marks: 'Nothing is marked. z takes the last change back.',
  marks_first: (count) => `${count} rows are marked: a c n m act on them, u takes the marks away.`,

  bulk_title: (verb, count) => `${verbs[verb].toUpperCase()}: ${rows(count)}`,
  bulk_count: (planned, kept) =>
    `${planned} of them${kept === 0 ? '' : `; ${kept} stay as they are, see below`}. Later marks do not count.`,
  bulk_more: (count) => `and ${count} more (Down)`,
  bulk_effects: {
    arrived: 'Each is stamped as arrived now. U takes it back, one by one.',
    completed: 'The visits are over. That CANNOT be undone.',
    'no-show': 'Messages wait half a minute; until then U takes it back, one by one.',
    message: 'Each owner gets the last message again. That CANNOT be undone.',
  },
  outcomes: { planned: 'will be done', done: 'done', failed: 'NOT done', kept: 'stays' },
  keep_rows: 'Leave all as they are (Enter or Esc)',
  bulk_yes: (verb, count) => `y ${verbs[verb]}: ${rows(count)}`,
  bulk_typed: (verb, count) => `Ctrl-G ${verbs[verb]}: ${rows(count)}`,
  type_count: (count) => `Type ${count} to confirm:`,
  bulk_running: (done, all) => `${done} of ${all}...  Esc stops after this one`,
  bulk_close: 'Enter or Esc closes',
  bulk_done: (done, left, verb) =>
    `${verbs[verb]}: ${done} done${left === 0 ? '' : `, ${left} NOT`}`,
  it_is: (status) => `it is ${status}`,
  changed_since: 'somebody changed it meanwhile',
  not_tried: 'not tried',

  journal_title: 'MY LAST DAY: what can still be taken back',
  journal_none: 'Nothing of yours can be taken back any more.',
  journal_leaves: (time) => `message leaves ${time}`,
  journal_keys: 'y takes it back   Up/Down   Enter or Esc leaves it',
  journal_never: 'Never taken back: in room, completed, money (4, F gives it back), a move (r).',
  undoable: { cancelled: 'cancelled', arrived: 'arrived', 'no-show': 'no-show' },
  nothing_to_redo: 'Nothing was undone here that could be done again.',
  redo_changed: (name) => `${name} has changed since, or is not on this day: nothing done.`,
  no_undo_pay: 'z does not take money back: only a refund (4, F) does.',
  no_undo_move: 'z does not take a move back: r moves it again.',

  switch_title: (name) => `WHO SITS HERE? Now: ${name}`,
  switch_token: 'or a token:',
  switch_keys: 'Enter goes on as this person   Up/Down   Esc stays   the form is kept',
  switch_load: 'A load run is under way: stop it first (8, S).',
  switch_short: 'A token is longer than that.',
  switch_how: 'Type or paste a token. petpro keys create makes one.',
  switch_refused: 'The server does not know this token. You are still who you were.',
  switch_absent: 'This console was opened without a way to change users: quit and log in.',
  switched: (name, role) => `You are ${name}/${role} now.`,

  hold_free: 'Only a free time can be held.',
  hold_keys: 'Ctrl-G keep the hold and close   Tab next   Esc gives it back   Ctrl-N empty',
  held: (name, until) => `Held for ${name} until ${until}. e payment link, $ takes money.`,

  diff_title: (reference) => `WHAT CHANGED ${reference}`,
  diff_then: 'then',
  diff_now: 'after',
  diff_same: 'Nothing that the log knows.',
  diff_none: 'The log has no two entries to compare.',
  diff_keys: 'Up/Down the later entry >   Left/Right the other one <   Esc back',

  theme_is: (name) => `theme ${name}`,
  theme_names: (names) => `Themes: ${names}.`,
  help_none: (text) => `No key does "${text}". Backspace, or Esc.`,
};
