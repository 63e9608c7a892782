import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogues } from '../../src/daemon/messages/catalogue.ts';
import { renderMail, renderNote, renderPush, renderSms } from '../../src/daemon/messages/render.ts';
import { sampleFacts } from '../../src/daemon/messages/sample.ts';
import { type MailLang, type MailType, mail_types } from '../../src/domain/message.ts';
import { smsSize } from '../../src/domain/sms.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase({ max: 1 });
const langs: readonly MailLang[] = ['en', 'ja', 'id'];
const now = Temporal.Instant.from('2026-11-18T03:10:00Z');
const unsubscribe_url = 'https://petpro.example/unsubscribe/0198c9a2';

/** A message by every way, as one text that people can review. */
async function everyWay(type: MailType, lang: MailLang): Promise<string> {
  const facts = sampleFacts(type, lang, now);
  const is_optional = type.startsWith('reminder_');
  const mail = await renderMail(type, facts, {
    has_tickets: type === 'booking_confirmed',
    unsubscribe_url: is_optional ? unsubscribe_url : null,
  });
  const push = renderPush(type, facts);
  const sms = renderSms(type, facts, 3);
  const { encoding, segments } = smsSize(sms);
  return [
    `== ${type}`,
    `subject: ${mail.subject}`,
    mail.text,
    `html: ${mail.html.replaceAll(/(<\/(?:p|tr|head)>)/g, '$1\n')}`,
    `push: ${push.title}\n${push.body}`,
    `sms (${encoding}, ${segments}): ${sms}`,
    '',
  ].join('\n');
}

describe.each(langs)('messages in %s', (lang) => {
  test('read as they were reviewed', async () => {
    const all = [];
    for (const type of mail_types) all.push(await everyWay(type, lang));
    const file = path.join(import.meta.dirname, `golden/messages.${lang}.txt`);
    await expect(all.join('\n')).toMatchFileSnapshot(file);
  });

  test.each(mail_types)(
    '%s says the same in HTML and in text, and fetches nothing',
    async (type) => {
      const facts = sampleFacts(type, lang, now);
      const { html, text, subject } = await renderMail(type, facts, { unsubscribe_url });
      const words = html
        .replace(/<head>.*<\/head>/s, '')
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll('&amp;', '&')
        .replaceAll('&#x27;', "'")
        .replaceAll(/\s+/g, '');
      const plain = text.replaceAll(`: ${unsubscribe_url}`, '').replaceAll(/\s+/g, '');
      expect(plain.replaceAll(/[:：]/g, '')).toBe(words.replaceAll(/[:：]/g, ''));
      expect(text).toContain('BP10000127');
      expect(html).toContain(`<html lang="${lang}">`);
      expect(html).not.toMatch(/<img|<link|<script|<style|url\(|background/i);
      expect(html.match(/https?:\/\/[^"]+/g) ?? []).toEqual([unsubscribe_url]);
      expect(html).toContain('content="light dark"');
      expect(html).toContain('max-width:600px');
      expect([subject, text].join()).not.toMatch(/undefined|null|\[object/);
    },
  );

  test.each(mail_types)('%s fits into two SMS', (type) => {
    const size = smsSize(renderSms(type, sampleFacts(type, lang, now), 10));
    expect(size.segments).toBeLessThanOrEqual(2);
    if (lang !== 'ja') expect(size.encoding).toBe('gsm7');
  });
});

test('every message that is queued anywhere has its words', async () => {
  const rules = await sql<{ type: string }[]>`
    select distinct notification_type as type from notification_rules`;
  const reminders = ['upcoming', 'check_in', 'follow_up', 'review_request'];
  const queued = [...rules.map(({ type }) => type), ...reminders.map((type) => `reminder_${type}`)];
  expect(queued.filter((type) => !mail_types.some((known) => known === type))).toEqual([]);
  for (const lang of langs) {
    expect(Object.keys(catalogues[lang].mails).sort()).toEqual([...mail_types].sort());
  }
});

test('tickets are spoken of exactly when they are attached', async () => {
  const words = {
    en: 'Your tickets are attached',
    ja: 'チケットを添付',
    id: 'Tiket Anda terlampir',
  };
  for (const lang of langs) {
    for (const type of ['booking_confirmed', 'booking_rescheduled'] as const) {
      const facts = sampleFacts(type, lang, now);
      const [with_them, without] = [
        await renderMail(type, facts, { has_tickets: true }),
        await renderMail(type, facts),
      ];
      expect(with_them.text).toContain(words[lang]);
      expect(with_them.html).toContain(words[lang]);
      expect(without.text).not.toContain(words[lang]);
    }
  }
});

test('no value breaks out of a message, whatever people are called', async () => {
  const evil = '<img src=x onerror=alert(1)>"\'&\r\nBcc: all@example.org\u0000';
  const names = { owner_name: evil, pet_name: evil, service_name: evil, clinic_name: evil };
  for (const type of mail_types) {
    const facts = { ...sampleFacts(type, 'en', now), ...names, clinic_address: evil };
    const mail = await renderMail(type, facts);
    expect(mail.html).not.toMatch(/<img/);
    expect(mail.subject).not.toMatch(/\p{Cc}/u);
    expect(renderSms(type, facts, 10)).not.toMatch(/\p{Cc}/u);
    expect(renderPush(type, facts).title).not.toMatch(/\p{Cc}/u);
  }
  const note = await renderNote({
    lang: 'en',
    owner_name: evil,
    clinic_name: evil,
    reference_code: null,
    title: evil,
    content: evil,
  });
  expect(note.html).not.toMatch(/<img/);
  expect(note.subject).not.toMatch(/\p{Cc}/u);
});

test('the golden files hold every message', () => {
  for (const lang of langs) {
    const file = path.join(import.meta.dirname, `golden/messages.${lang}.txt`);
    const heads = fs.readFileSync(file, 'utf8').match(/^== \w+$/gm) ?? [];
    expect(heads).toEqual(mail_types.map((type) => `== ${type}`));
  }
});
