import type { DeskWords } from './words.ts';

const s = (count: number, one: string, many: string) => (count === 1 ? one : many);

export const en: DeskWords = {
  states: {
    booked: 'booked',
    arrived: 'arrived',
    'in-progress': 'in room',
    completed: 'completed',
    late: 'late',
    unresolved: 'over, no outcome',
    'no-show': 'no-show',
    cancelled: 'cancelled',
  },
  held: 'held',
  pays: {
    paid: 'paid',
    due: 'DUE at the desk',
    pending: 'payment not finished',
    refunding: 'refund on its way',
    partially_refunded: 'refunded in part',
    refunded: 'refunded',
    failed: 'PAYMENT FAILED',
  },
  methods: {
    link: 'payment link',
    at_clinic: 'to be paid at the visit',
    cash: 'cash',
    card_terminal: 'card',
    transfer: 'transfer',
  },
  moved: {
    arrived: 'arrived',
    'in-progress': 'in room',
    completed: 'completed',
    'no-show': 'no-show',
  },
  undo_words: { cancelled: 'cancel', arrived: 'check-in', 'no-show': 'no-show' },
  problems: {},
  rules: {},
  help: {
    'check-in': 'the owner has arrived',
    start: 'the pet is in the room',
    complete: 'the visit is over',
    'no-show': 'nobody came; from ten minutes after the start',
    book: 'book by phone: owner, pet, service, day, time, payment',
    reschedule: 'move a booking to another time; asks',
    cancel: 'cancel a booking or give a hold back; shows the refund and asks',
    pay: 'take money for a booking or a hold',
    undo: 'take back your last cancel, check-in or no-show, or that of a row',
    show: 'everything about a row',
    find: 'an owner by name, pet, end of the phone number, or a reference',
    waitlist: 'who waits; then wl offer 2, wl accept 2, wl remove 2',
    day: 'another day: fri, +2d, 23/11',
    today: 'the day of today',
    resync: 'read the day anew and print it',
    more: 'the next rows of the list',
    status: 'how things stand, and what has changed since the list',
    history: 'your last lines; !! repeats the last, !3 the third',
    help: 'this list, or one word: he ci',
    quit: 'end; Ctrl-D does too',
  },
  examples: {
    'check-in': ['Example: ci 6', 'Example: ci 6 8-9', 'Example: ci BP10000127'],
    book: [
      'Example: ma 7890',
      'Example: ma 7890 --pet mochi --service checkup --at "fri 11:15" --pay cash',
    ],
    reschedule: ['Example: mv 6', 'Example: mv 6 fri 11:15'],
    cancel: ['Example: ca 6', 'Example: ca 6 --by clinic --reason "vet is ill"'],
    pay: ['Example: pa 6', 'Example: pa 6 cash', 'Example: pa 6 card 100000'],
    waitlist: ['Example: wl', 'Example: wl offer 2', 'Example: wl accept 2'],
    undo: ['Example: un', 'Example: un 6'],
    day: ['Example: da fri'],
    find: ['Example: fi siti', 'Example: fi 7890'],
  },
  help_more: [
    'Numbers mean the rows of the last list; a reference such as BP10000127 does as well.',
    'In a question, Enter takes the safe answer and Ctrl-C leaves it.',
  ],

  welcome: (clinic, role) => `${clinic}. You are ${role}. Type he for help, q to end.`,
  how_to_end: 'Nothing was under way. q or Ctrl-D ends; Ctrl-C once more does too.',
  waiting_for_answer:
    'The answer of the server is still awaited; Ctrl-C once more ends without it.',
  no_arrows: 'Arrow keys do nothing here: hi lists your last lines, !! repeats the last.',
  read_only: 'This sitting only looks: start petpro desk without --read-only.',
  no_history: 'There is no such line: hi lists those that can be repeated.',
  in_line: (number, line, sentence) => `line ${number} (${line}): ${sentence}`,
  help_line: (short, verb, text) => `${short} ${verb}: ${text}`,

  unknown_word: (word, nearest) =>
    nearest === null
      ? `"${word}" is no word here. Type he for the list.`
      : `"${word}" is no word here. Did you mean ${nearest}?`,
  several_words: (word, names) => `"${word}" can be ${names}: type more of it.`,
  unknown_flag: (verb, flag, names) =>
    names === '' ? `${verb} takes no ${flag}.` : `${verb} takes no ${flag}, but ${names}.`,
  flag_without_value: (flag) => `${flag} needs a value after it.`,
  candidates: (names) => `There is: ${names}.`,

  need_answer: (question, flag) =>
    `"${question}" has to be answered, and nobody can be asked: add ${flag}, or run with --ask.`,
  need_yes: (effect) => `${effect} Nobody can be asked: add --yes.`,
  do_it: 'Do it? y or N:',
  kept: 'Kept as it was.',
  left: 'Left; nothing more was done.',
  too_early: (text) => `"${text}" came before the question could be read; please answer it now.`,
  type_word: (word) => `Type ${word} to confirm:`,
  wrong_word: (given, word) => `--confirm ${given} is not what this is about: it would be ${word}.`,
  which: (count, fallback) =>
    `Which, 1 to ${count}? Enter ${fallback === null ? 'leaves' : `takes ${fallback}`}:`,
  no_such_choice: (text, count) => `"${text}" is none of them: type a number from 1 to ${count}.`,

  day_head: (day, count, counts) =>
    count === 0
      ? `${day}: nothing is booked.`
      : `${day}: ${count} ${s(count, 'row', 'rows')}: ${counts}.`,
  empty_day: (day) => `${day}: nothing is booked.`,
  count_of: (count, state) => `${count} ${state}`,
  more_rows: (left) => `${left} more: type mo.`,
  no_more_rows: 'That was the last row. re prints the day again.',
  day_not_time: (text) => `"${text}" names a time; a day is asked here.`,
  no_day: (text) => `"${text}" is no day or time that I know: try fri, +2d, 23/11.`,
  day_is_past: (text, reading) => `"${text}" reads as ${reading}, which is past.`,
  held_until: (time) => `held until ${time}`,
  nobody: 'nobody named',
  somebody: 'somebody',
  nothing_printed: 'No list was printed yet: type to for today, or da fri.',
  no_such_row: (number, count) =>
    count === 0
      ? `There is no row ${number}: the last list was empty.`
      : `There is no row ${number}: the last list goes from 1 to ${count}.`,
  which_row: 'Say which row: a number of the last list, or a reference. Example: ci 6',
  no_row_word: (text) => `"${text}" is neither a row number nor a reference such as BP10000127.`,
  one_row_only: 'This takes one row at a time.',
  row_is_hold: 'This is a hold, not a booking yet: pa takes the money, ca gives it back.',

  offline_day: (time) =>
    `OFFLINE: the server does not answer. This is the day as of ${time}; nothing can be changed now.`,
  no_answer: (since) => `The server does not answer (${since}). Nothing was changed.`,
  unsure: (since) =>
    `The server did not answer in time (${since}), so whether it was done is not known.`,
  next_unavailable: 'Nothing is kept for later. !! tries again, without doing it twice.',
  next_conflict: 'Nothing was changed. !! does it all the same, re reads the day.',
  next_login: 'End with q, then: petpro auth status',
  next_forbidden: (role) => `You are ${role}; ask somebody whose role allows it.`,
  next_expired: 'Type ma to hold a time again.',
  next_internal: (trace) => `Tell whoever runs the server this trace: ${trace}`,
  next_help: 'he lists the words, he ci explains one.',
  possible: (verbs) => `Possible: ${verbs}.`,
  seconds_ago: (seconds) => `${seconds} ${s(seconds, 'second', 'seconds')} ago`,
  at_time: (time) => `at ${time}`,
  changed_by: (who, state, ago) =>
    `It has changed since it was printed: now ${state}, by ${who}${ago === '' ? '' : ` ${ago}`}.`,

  done_move: (who, state, before) => `${who}: ${state} (was ${before}).`,
  not_possible: (who, state) => `${who}: not possible, it is ${state}.`,
  still_due: (money) => `${money} still to be paid.`,
  and_more: (count) => `and ${count} more`,
  bulk: (count, state) => `${count} rows become ${state}.`,
  bulk_partial: (done, failed) => `${done} done, ${failed} not.`,
  admitted: (who, seats, left) =>
    `${who}: admitted${seats === '' ? '' : `, ${seats}`}${left > 0 ? `, ${left} still out` : ''}.`,
  nothing_to_undo: 'Nothing of yours can be taken back.',
  undone: (what, time, who, state) => `Took back the ${what} of ${time} ${who}: ${state}.`,

  owner_or_clinic: '--by takes owner or clinic.',
  release_effect: (what) => `This gives the hold of ${what} back.`,
  released: (what) => `Given back: ${what}.`,
  cancel_effect: (what, money, percent, by) =>
    `This cancels ${what} for the ${by}: refund ${money} (${percent} %), and the owner is told.`,
  cancelled: (what, money, until) =>
    `Cancelled: ${what}. Refund ${money}.${until === null ? '' : ` Until ${until} un takes it back.`}`,
  service_gone: 'This service is no longer offered: book anew instead.',
  move_effect: ({ what, to, vet, price, back, due }) =>
    [
      `This moves ${what} to ${to}${vet === null ? '' : `, ${vet}`}: ${price}`,
      back === null ? '' : `, ${back} come back`,
      due === null ? '' : `, ${due} due at the visit`,
      '.',
    ].join(''),
  moved_to: (who, moment) => `Moved: ${who} to ${moment}. The owner is told. re renumbers the day.`,
  pay_head: (what, money) => `${what}: ${money} to take. How is it paid?`,
  no_method: (text, list) => `"${text}" is no way to pay: ${list}.`,
  no_amount: (text) => `"${text}" is no amount: type 100000.`,
  hold_paid_whole: 'A hold is paid whole: leave the amount out.',
  nothing_due: 'Nothing is left to pay.',
  paid_before: 'It was paid before: take no money.',
  paid: (who, money, method, left) =>
    `${who}: ${money} taken, ${method}.${left === null ? ' All is paid.' : ` ${left} left.`}`,

  ask_owner: (found) =>
    found === null
      ? 'Owner: end of the phone number, name or pet (Enter leaves):'
      : `Owner: end of the phone number, name or pet (Enter takes ${found}):`,
  nobody_found: (text) =>
    `Nobody is found by "${text}". For a new owner, type the whole phone number after ma.`,
  several_owners: (text, has_more) =>
    `"${text}" finds several${has_more ? '; the first of them' : ''}:`,
  new_owner: (phone) => `Nobody has ${phone}: this makes a new owner.`,
  ask_name: 'Name of the owner (Enter leaves):',
  ask_pet: 'Name of the pet (Enter leaves):',
  owner_added: (name, pet) => `Added: ${name} with ${pet}.`,
  no_pet: (owner) => `${owner} has no pet: petpro owners add`,
  which_pet: 'Which pet?',
  which_service: 'Which service?',
  which_day: (fallback) => `Day, as fri or +2d (Enter takes ${fallback}):`,
  no_free_time: (day) => `No free time on ${day}.`,
  no_free_time_ahead: (service, days) =>
    `${service} has no free time in the next ${days} days: wl shows who waits.`,
  time_not_free: (day, time, near) =>
    near === ''
      ? `${time} is not free on ${day}, nor is any other time.`
      : `${time} is not free on ${day}. Free: ${near}.`,
  free_times: (service, day, left) =>
    `${service}, ${day}. A number, another day${left > 0 ? `, or mo for ${left} more` : ''}:`,
  held_now: (what, vet, until, minutes) =>
    `Held: ${what}${vet === null ? '' : `, ${vet}`}, until ${until} (${minutes} minutes).`,
  how_paid: (price) => `Price ${price}. How is it paid?`,
  booked: (reference, what, method) => `Booked ${reference}: ${what}, ${method}.`,
  link_sent: (reference, what, until) =>
    `Held ${reference}: ${what}, until it is paid, at the latest ${until}. Payment link:`,
  hold_given_back: 'The hold was given back.',
  hold_ends: (time) => `The hold could not be given back; it ends by itself at ${time}.`,

  status_where: (where, role, ms) => `${where}. You are ${role}. The server answers in ${ms} ms.`,
  status_changes: (count, since) =>
    count === 0
      ? `Nothing has changed since the list of ${since}.`
      : `${count} ${s(count, 'row has', 'rows have')} changed since the list of ${since}: type re.`,
  phone: (number) => `Phone ${number}.`,
  price: (money, state, due) =>
    `Price ${money}, ${state}.${due === null ? '' : ` Still to pay: ${due}.`}`,
  note: (text) => `Note: ${text}`,
  messages_failed: (channels) => `Messages that did not go out: ${channels}.`,
  last_change: (action, who, moment) => `Last change: ${action}, by ${who}, ${moment}.`,
  next_visit: (moment, what, reference) => `Next visit ${moment}: ${what}, ${reference}.`,
  last_visit: (moment, service) => `Last visit ${moment}: ${service}.`,
  owes: (money) => `Owes ${money}.`,
  no_shows: (count) => `${count} ${s(count, 'no-show', 'no-shows')}.`,
  ask_find: 'Name, pet, end of the phone number, or reference (Enter leaves):',

  nobody_waits: 'Nobody waits.',
  wait_head: (count, has_more) =>
    `${count}${has_more ? ' or more' : ''} ${s(count, 'waits', 'wait')}:`,
  wait_hint: 'wl offer 2, wl accept 2 or wl remove 2; wl prints the list again.',
  waits: (position) => `waits, place ${position}`,
  wait_offered: (moment, until) => `offered ${moment} until ${until}`,
  print_waitlist_first: 'The waiting list was not printed yet: type wl.',
  wait_changed: 'It has changed since it was printed; above it stands as it is now.',
  wait_offered_to: (who, moment, until) => `Offered to ${who}: ${moment}, until ${until}.`,
  accept_effect: (who, moment) => `This takes the offer of ${moment} for ${who}.`,
  wait_accepted: (who, reference) => `Taken for ${who}: ${reference}.`,
  remove_effect: (who) => `This takes ${who} off the waiting list.`,
  wait_removed: (who) => `Off the list: ${who}.`,
};
