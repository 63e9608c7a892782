import { anyText, splitList, url, whole } from './config-parse.ts';
import type { Setting } from './config-table.ts';

const per_minute = whole(0, 1_000_000);

/** Ways to reach people. docs/messages.md */
export const message_settings = {
  smtp_url: {
    env: 'SMTP_URL',
    parse: url('smtp', 'smtps'),
    fallback: null,
    secret: 'password',
    doc: 'Mail server; without it mails wait in the outbox.',
  },
  mail_from: {
    env: 'PETPRO_MAIL_FROM',
    parse: anyText,
    fallback: 'PetPro <no-reply@petpro.localhost>',
    doc: 'Sender of all mails.',
  },
  dkim_domain: {
    env: 'PETPRO_DKIM_DOMAIN',
    parse: anyText,
    fallback: null,
    doc: 'Domain that mails are signed for (DKIM); without it they are not signed.',
  },
  dkim_selector: {
    env: 'PETPRO_DKIM_SELECTOR',
    parse: anyText,
    fallback: 'petpro',
    doc: 'Name of the DKIM key in the DNS.',
  },
  dkim_key_file: {
    env: 'PETPRO_DKIM_KEY_FILE',
    parse: anyText,
    fallback: null,
    doc: 'File that holds the private DKIM key (PEM).',
  },
  email_per_minute: {
    env: 'PETPRO_EMAIL_PER_MINUTE',
    parse: per_minute,
    fallback: '1200',
    doc: 'Mails a minute, all daemons together; 0 = no limit.',
  },
  sms_url: {
    env: 'PETPRO_SMS_URL',
    parse: url('http', 'https'),
    fallback: null,
    doc: "SMS provider that speaks Twilio's API, as https://api.twilio.com; without it SMS wait.",
  },
  sms_account: {
    env: 'PETPRO_SMS_ACCOUNT',
    parse: anyText,
    fallback: null,
    doc: 'Account at the SMS provider.',
  },
  sms_token: {
    env: 'PETPRO_SMS_TOKEN',
    parse: anyText,
    fallback: null,
    secret: 'whole',
    doc: 'Password of that account.',
  },
  sms_from: {
    env: 'PETPRO_SMS_FROM',
    parse: anyText,
    fallback: null,
    doc: 'Number or name that SMS come from.',
  },
  sms_segments_max: {
    env: 'PETPRO_SMS_SEGMENTS_MAX',
    parse: whole(1, 10),
    fallback: '3',
    doc: 'Messages that one text may be charged as; a longer one is cut.',
  },
  sms_per_minute: {
    env: 'PETPRO_SMS_PER_MINUTE',
    parse: per_minute,
    fallback: '120',
    doc: 'SMS a minute, all daemons together; 0 = no limit.',
  },
  vapid_key_file: {
    env: 'PETPRO_VAPID_KEY_FILE',
    parse: anyText,
    fallback: null,
    doc: 'File with the private P-256 key (PEM) for Web Push; without it none is sent.',
  },
  vapid_contact: {
    env: 'PETPRO_VAPID_CONTACT',
    parse: anyText,
    fallback: 'mailto:no-reply@petpro.localhost',
    doc: 'Whom push services write to when something is wrong: mailto: or https:.',
  },
  push_hosts: {
    env: 'PETPRO_PUSH_HOSTS',
    parse: splitList,
    fallback:
      'fcm.googleapis.com,*.push.services.mozilla.com,*.notify.windows.com,*.push.apple.com',
    doc: 'Push services that browsers may name; nothing is sent to any other host.',
  },
  fcm_account_file: {
    env: 'PETPRO_FCM_ACCOUNT_FILE',
    parse: anyText,
    fallback: null,
    doc: 'Service account (JSON) of the Firebase project for phones; without it none is sent.',
  },
  fcm_url: {
    env: 'PETPRO_FCM_URL',
    parse: url('http', 'https'),
    fallback: 'https://fcm.googleapis.com',
    doc: 'Where Firebase Cloud Messaging lives.',
  },
  push_per_minute: {
    env: 'PETPRO_PUSH_PER_MINUTE',
    parse: per_minute,
    fallback: '3000',
    doc: 'Push messages a minute, all daemons together; 0 = no limit.',
  },
} as const satisfies Record<string, Setting>;
