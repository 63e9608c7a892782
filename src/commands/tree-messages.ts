import type { CommandSpec, OptionSpec } from './spec.ts';

/** Messages to owners: what is said, how they want it, and what hangs. */

const owner: OptionSpec = {
  flags: '--owner <words>',
  doc: 'phone number or its end, name, or pet',
  required: true,
};
const channel_names = ['email', 'sms', 'push'];
const delivery_arg = { name: '<delivery>', doc: 'id of the message' };
const channel_arg = { name: '<channel>', doc: 'email, sms or push' };
const channel: OptionSpec = {
  flags: '--channel <channel>',
  doc: 'only these',
  choices: channel_names,
};
const wanted = ['on', 'needed', 'off'];

const notifications: readonly CommandSpec[] = [
  {
    path: 'notifications list',
    summary: 'What an owner was told, newest first',
    role: 'own_or_desk',
    examples: ['petpro notifications list --owner 7890', 'petpro notifications list --owner Rina'],
    options: [owner, { flags: '--unread', doc: 'only what was not read' }],
    pages: true,
    exits: [3],
    load: async () => (await import('./notifications.ts')).listNotifications,
  },
  {
    path: 'notifications read',
    args: [{ name: '<notification>', doc: 'id of the notification' }],
    summary: 'Mark one as read, as its owner',
    role: 'own',
    examples: ['petpro notifications read 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa'],
    mutates: { endpoint: 'read_notification' },
    exits: [3, 6],
    load: async () => (await import('./notifications.ts')).readNotification,
  },
  {
    path: 'notifications send',
    summary: 'Tell an owner something, in the app and by the channels that they want',
    role: 'desk',
    examples: [
      'petpro notifications send --owner 7890 --title "Closed on Monday" --text "See you Tuesday."',
    ],
    options: [
      owner,
      { flags: '--title <text>', doc: 'subject', required: true },
      { flags: '--text <text>', doc: 'what is said', required: true },
      { flags: '--booking <reference>', doc: 'what it is about' },
    ],
    mutates: { endpoint: 'send_notification' },
    exits: [3, 6],
    load: async () => (await import('./notifications.ts')).sendNotification,
  },
  {
    path: 'notifications preferences',
    summary: 'By which channels an owner wants messages, and their quiet hours',
    role: 'own_or_desk',
    examples: ['petpro notifications preferences --owner 7890'],
    options: [owner],
    exits: [3],
    load: async () => (await import('./notifications.ts')).preferences,
  },
  {
    path: 'notifications set',
    summary: 'Change channels and quiet hours of an owner',
    role: 'own_or_desk',
    examples: [
      'petpro notifications set --owner 7890 --sms on --quiet-hours 22:00-07:00',
      'petpro notifications set --owner 7890 --email needed',
    ],
    options: [
      owner,
      { flags: '--email <how>', doc: 'needed: no reminders', choices: wanted },
      { flags: '--sms <how>', doc: 'as --email', choices: wanted },
      { flags: '--push <how>', doc: 'as --email', choices: wanted },
      { flags: '--email-address <address>', doc: 'another one than the owner has' },
      { flags: '--sms-number <number>', doc: 'another one, with country: +62812..' },
      { flags: '--quiet-hours <hours>', doc: '21:00-08:00 where the owner lives, or none' },
    ],
    mutates: { endpoint: 'set_preferences' },
    exits: [3, 6],
    load: async () => (await import('./notifications.ts')).setPreferences,
  },
  {
    path: 'notifications add-device',
    summary: 'Register a phone or browser for push, as its owner',
    role: 'own',
    examples: ['petpro notifications add-device --fcm-token d4Kq..'],
    options: [
      { flags: '--fcm-token <token>', doc: 'of a phone' },
      { flags: '--endpoint <url>', doc: "a browser's push service" },
      { flags: '--p256dh <key>', doc: "the browser's public key" },
      { flags: '--auth <secret>', doc: "the browser's secret" },
    ],
    mutates: { endpoint: 'add_push_device' },
    exits: [6, 9],
    load: async () => (await import('./notifications.ts')).addDevice,
  },
  {
    path: 'notifications remove-device',
    args: [{ name: '<device>', doc: 'id, as preferences shows it' }],
    summary: 'Send nothing more to a phone or browser',
    role: 'own_or_desk',
    examples: [
      'petpro notifications remove-device 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa --owner 7890',
    ],
    options: [owner],
    mutates: { endpoint: 'remove_push_device' },
    exits: [3, 6],
    load: async () => (await import('./notifications.ts')).removeDevice,
  },
  {
    path: 'notifications preview',
    args: [{ name: '<type>', doc: 'booking_confirmed, reminder_upcoming, ..' }],
    summary: 'A message as it would go out; --lang says in which language',
    role: 'view',
    examples: [
      'petpro notifications preview booking_confirmed --lang ja --format html > mail.html',
      'petpro notifications preview reminder_upcoming --format sms --booking BP10000127',
    ],
    options: [
      { flags: '--format <how>', doc: 'default text', choices: ['text', 'html', 'sms', 'push'] },
      { flags: '--booking <reference>', doc: 'of this booking; default: an example' },
    ],
    exits: [3],
    load: async () => (await import('./notifications.ts')).previewMessage,
  },
  {
    path: 'bookings resend',
    args: [{ name: '<reference>', doc: 'BP12345678 or the id of the booking' }],
    summary: 'Send the confirmation (or cancellation) once more',
    role: 'desk',
    examples: ['petpro bookings resend BP10000127 --channel email'],
    options: [channel],
    mutates: { endpoint: 'resend_booking' },
    exits: [3, 6, 9],
    load: async () => (await import('./notifications.ts')).resendBooking,
  },
];

const change_options: readonly OptionSpec[] = [
  { flags: '--dead', doc: 'all dead ones' },
  { flags: '--error <cause>', doc: 'all of this cause, as list --by-error names it' },
  channel,
  { flags: '--max <n>', doc: 'not more than these; default 1000' },
  { flags: '--plan <plan>', doc: 'carry out what --dry-run froze' },
  { flags: '--confirm <word>', doc: 'the word that would be asked for' },
];
const some_delivery = { name: '[delivery]', doc: 'id of one message' };

const deliveries: readonly CommandSpec[] = [
  {
    path: 'deliveries list',
    summary: 'Messages on their way, newest first; --dead and --by-error for what hangs',
    role: 'sre',
    examples: ['petpro deliveries list --dead --by-error', 'petpro deliveries list --dead -o name'],
    options: [
      { flags: '--dead', doc: 'only those that need somebody' },
      { flags: '--by-error', doc: 'grouped by cause' },
      {
        flags: '--status <status>',
        doc: 'only these',
        choices: ['pending', 'sending', 'sent', 'dropped', 'dead', 'discarded'],
      },
      channel,
      { flags: '--error <cause>', doc: 'only of this cause' },
      { flags: '--booking <reference>', doc: 'only of this booking' },
    ],
    pages: true,
    load: async () => (await import('./deliveries.ts')).listDeliveries,
  },
  {
    path: 'deliveries show',
    args: [delivery_arg],
    summary: 'One message: its tries, and what the other side said',
    role: 'sre',
    examples: ['petpro deliveries show 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa'],
    exits: [3],
    load: async () => (await import('./deliveries.ts')).showDelivery,
  },
  {
    path: 'deliveries retry',
    args: [some_delivery],
    summary: 'Put dead messages in line again: one, or a frozen plan of many',
    role: 'sre',
    examples: [
      'petpro deliveries retry --error "smtp 550 5.7.1" --dry-run',
      'petpro deliveries retry --plan PL91 --reason INC-221',
    ],
    options: change_options,
    mutates: { endpoint: 'retry_deliveries', reason: true, dry_run: true },
    exits: [3, 6, 14],
    load: async () => (await import('./deliveries.ts')).retryDeliveries,
  },
  {
    path: 'deliveries discard',
    args: [some_delivery],
    summary: 'Give messages up: one, or a frozen plan of many',
    role: 'sre',
    examples: ['petpro deliveries discard --dead --dry-run'],
    options: change_options,
    mutates: { endpoint: 'discard_deliveries', reason: true, dry_run: true },
    exits: [3, 6, 14],
    load: async () => (await import('./deliveries.ts')).discardDeliveries,
  },
  {
    path: 'deliveries channels',
    summary: 'Mail, SMS and push: what waits, what is paused, which circuits are open',
    role: 'sre',
    examples: ['petpro deliveries channels'],
    pages: 'here',
    load: async () => (await import('./deliveries.ts')).listChannels,
  },
  {
    path: 'deliveries pause',
    args: [channel_arg],
    summary: 'Send nothing by a channel until it is resumed',
    role: 'sre',
    examples: ['petpro deliveries pause sms --reason "wrong texts, INC-221"'],
    options: [{ flags: '--confirm <word>', doc: 'the word that would be asked for' }],
    mutates: { endpoint: 'pause_channel', reason: true },
    exits: [6],
    load: async () => (await import('./deliveries.ts')).pauseChannel,
  },
  {
    path: 'deliveries resume',
    args: [channel_arg],
    summary: 'Let a paused channel go on, in the old order',
    role: 'sre',
    examples: ['petpro deliveries resume sms'],
    mutates: { endpoint: 'resume_channel', reason: true },
    exits: [6],
    load: async () => (await import('./deliveries.ts')).resumeChannel,
  },
];

export const messages_tree: readonly CommandSpec[] = [...notifications, ...deliveries];
