import type { FindCatalogue } from './find-catalogue.ts';

export const find_en: FindCatalogue = {
  actions: {
    find_open: 'Open the visit on the board, or book when there is none',
    find_copy: 'Copy the phone number',
    find_focus: 'Between the box and the list',
  },
  screen: 'find',
  title: 'FIND',
  hint: 'end of a phone number, owner, pet, address or reference',
  heads: { owner: 'OWNER', phone: 'PHONE', pets: 'PETS', next: 'NEXT VISIT', last: 'LAST VISIT' },
  today: 'TODAY',
  searching: 'looking for it...',
  found: (count, is_full) => (is_full ? `${count} or more: add a word` : `${count} found`),
  only_near: 'Nobody is called so; these are spelled alike.',
  offline: (count) => `OFFLINE: ${count} on the board as it was last seen, nobody else`,
  none: (text) => `Nobody matches "${text}".`,
  keys_box: 'Down list   Enter open   Ctrl-G book   Esc back',
  keys_list: 'Enter open   b book   y copy phone   Tab type   Esc back',
  type_again: 'This is the list: Tab goes back to the box.',
  no_owner: 'Whose booking it is was not told: find the owner by name.',
  no_phone: 'There is no phone number to copy.',
  elsewhere: (reference) => `That visit (${reference}) is at another clinic. b books here.`,
  next: (text) => `next ${text}`,
  last: (text) => `last ${text}`,
  no_visit: 'no visit ahead',
  never_here: 'never here before',
  facts: { phone: 'phone', email: 'email', pets: 'pets', visits: 'visits', due: 'due' },
  next_visits: 'Next visits',
  last_visits: 'Last visits',
  visits: (took_place, no_shows, cancelled) =>
    `${took_place}, no-show ${no_shows}, cancelled ${cancelled}`,
  due: (money, overdue) =>
    overdue === null ? `${money} at the visit` : `${money}, late ${overdue}`,
  nothing_due: 'nothing',
};
