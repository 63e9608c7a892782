import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printPdf } from '../../src/daemon/paper/print.ts';
import { isSigned, signTicket } from '../../src/daemon/paper/ticket-code.ts';
import {
  readCheckInCode,
  seatLabel,
  type TicketFacts,
  ticketPaper,
} from '../../src/domain/ticket.ts';
import { packed, readPdf } from './pdf.ts';
import { readQrCodes } from './qr.ts';

const secret = 'a secret of thirty-two signs, or more';
const other = 'another secret of thirty-two signs....';

/** The ticket in a text, or null when it is none. */
function ticketIn(text: string) {
  const code = readCheckInCode(text);
  return code.kind === 'ticket' ? code : null;
}

test('what was signed is read back and believed, also in small letters and with blanks', () => {
  const text = signTicket({ reference_code: 'BP10000127', seat: 12 }, secret);
  expect(text).toMatch(/^PT1\.BP10000127\.12\.[A-Z2-7]{20}$/);
  for (const scanned of [text, text.toLowerCase(), ` ${text}\n`]) {
    const ticket = ticketIn(scanned);
    expect(ticket).toMatchObject({ reference_code: 'BP10000127', seat: 12 });
    expect(ticket !== null && isSigned(ticket, [secret])).toBe(true);
  }
});

test('an older secret is believed until it is taken away', () => {
  const ticket = ticketIn(signTicket({ reference_code: 'BP10000127', seat: 1 }, other));
  expect(ticket !== null && isSigned(ticket, [secret, other])).toBe(true);
  expect(ticket !== null && isSigned(ticket, [secret])).toBe(false);
  expect(ticket !== null && isSigned(ticket, [])).toBe(false);
});

test('no change of any sign survives', () => {
  const text = signTicket({ reference_code: 'BP10000127', seat: 12 }, secret);
  const place = fc.integer({ min: 4, max: text.length - 1 });
  const sign = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.');
  fc.assert(
    fc.property(place, sign, (at, put) => {
      fc.pre(text[at] !== put);
      const ticket = ticketIn(text.slice(0, at) + put + text.slice(at + 1));
      expect(ticket === null || !isSigned(ticket, [secret])).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['bp1000-0127', 'booking'],
  ['0199f0c0-7f6e-7c3b-9d3e-1c2b3a4d5e6f', 'booking'],
  ['PT2.BP10000127.3.AAAAAAAAAAAAAAAAAAAA', 'unreadable'],
  ['PT1.BP10000127.0.AAAAAAAAAAAAAAAAAAAA', 'unreadable'],
  ['PT1.BP10000127.3', 'unreadable'],
  ['https://example.org/PT1.', 'unknown'],
  ['', 'unknown'],
])('%j is %s', (text, kind) => {
  expect(readCheckInCode(text).kind).toBe(kind);
});

const facts: TicketFacts = {
  lang: 'ja',
  reference_code: 'BP10000127',
  event_name: '秋の音楽会',
  place_name: 'さくらホール',
  place_address: '東京都世田谷区桜1-2-3',
  owner_name: '髙橋 花子',
  starts_at: Temporal.Instant.from('2026-11-28T10:30:00Z'),
  ends_at: Temporal.Instant.from('2026-11-28T12:30:00Z'),
  time_zone: 'Asia/Tokyo',
  is_due: true,
  seats: [3, 4, 7].map((seat) => ({
    seat,
    tier: seat === 7 ? 'VIP' : null,
    code: signTicket({ reference_code: 'BP10000127', seat }, secret),
  })),
};

test.each(['en', 'ja', 'id'] as const)(
  'a page per seat, each with its own QR code: %s',
  async (lang) => {
    const pdf = await printPdf(ticketPaper({ ...facts, lang }));
    expect(pdf.length).toBeLessThan(200_000);
    const { pages } = await readPdf(pdf);
    expect(pages.length).toBe(3);
    for (const [index, { code, ...seat }] of facts.seats.entries()) {
      const found = packed(pages[index] ?? '');
      for (const words of ['秋の音楽会', '髙橋花子', code, '2026-11-2819:30-21:30(Asia/Tokyo)']) {
        expect(found).toContain(words);
      }
      expect(found).toContain(packed(seatLabel(lang, seat)));
    }
    // Read from the drawing itself, as a scanner would.
    expect(readQrCodes(pdf)).toEqual(facts.seats.map(({ code }) => code));
  },
);

test('the largest booking, fifty seats, is drawn well within what a document may take', async () => {
  const seats = Array.from({ length: 50 }, (_, index) => {
    const seat = index + 1;
    return { seat, tier: null, code: signTicket({ reference_code: 'BP10000127', seat }, secret) };
  });
  const pdf = await printPdf(ticketPaper({ ...facts, seats }));
  expect(pdf.length).toBeLessThan(2_000_000);
  expect(readQrCodes(pdf)).toEqual(seats.map(({ code }) => code));
});
