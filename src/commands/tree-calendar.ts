import type { CommandSpec } from './spec.ts';

/** Visits in the calendars of phones and mail programs. */

export const calendar_tree: readonly CommandSpec[] = [
  {
    path: 'calendar export',
    summary: 'Visits as an iCalendar file: of the clinic, a vet, or one booking',
    role: 'desk',
    examples: [
      'petpro calendar export --vet Sari --week -o ics > sari.ics',
      'petpro calendar export --booking BP10000127 -o ics',
    ],
    options: [
      { flags: '--vet <vet>', doc: 'of this vet; default: of the whole clinic' },
      { flags: '--from <day>', doc: 'first day, as today, fri, 2026-11-23; default: today' },
      { flags: '--to <day>', doc: 'last day; default: the same' },
      { flags: '--week', doc: 'seven days' },
      { flags: '--booking <reference>', doc: 'this one only' },
    ],
    formats: ['ics'],
    exits: [3],
    watch: false,
    load: async () => (await import('./calendar.ts')).exportCalendar,
  },
  {
    path: 'calendar sync',
    args: [{ name: '<reference>', doc: 'BP12345678 or the id of the booking' }],
    summary: 'Note that a booking stands in a calendar, or no longer does',
    role: 'own_or_desk',
    examples: ['petpro calendar sync BP10000127', 'petpro calendar sync BP10000127 --undo'],
    options: [{ flags: '--undo', doc: 'it no longer does' }],
    mutates: { endpoint: 'sync_calendar' },
    exits: [3],
    load: async () => (await import('./calendar.ts')).syncCalendar,
  },
  {
    path: 'calendar links list',
    summary: 'Secret addresses that were given out, and when they were read last',
    role: 'own_or_desk',
    examples: ['petpro calendar links list', 'petpro calendar links list --all -o name'],
    options: [{ flags: '--all', doc: 'those that were revoked too' }],
    pages: true,
    exits: [3],
    load: async () => (await import('./calendar-links.ts')).listLinks,
  },
  {
    path: 'calendar links create',
    summary: 'A secret address under which a phone reads visits; it is shown this once',
    role: 'own_or_desk',
    examples: [
      'petpro calendar links create --vet Sari --name "her phone"',
      'petpro calendar links create --own --name "my phone"',
    ],
    options: [
      { flags: '--vet <vet>', doc: 'visits of this vet; default: of the whole clinic' },
      { flags: '--own', doc: "one's own visits, as their owner" },
      { flags: '--name <text>', doc: 'what it is for' },
    ],
    mutates: { endpoint: 'create_calendar_link' },
    exits: [3, 6, 9],
    load: async () => (await import('./calendar-links.ts')).createLink,
  },
  {
    path: 'calendar links revoke',
    args: [{ name: '<link>', doc: 'id of the link: petpro calendar links list' }],
    summary: 'Nobody reads under this address any more',
    role: 'own_or_desk',
    examples: ['petpro calendar links revoke 0198c9a2-6b1e-4c33-9d70-2f4f0b9a11aa'],
    mutates: { endpoint: 'revoke_calendar_link' },
    exits: [3],
    load: async () => (await import('./calendar-links.ts')).revokeLink,
  },
];
