import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/errors.ts';

/** Where the payment provider sends people back to. It knows nothing but the address: no data, no token. */

const languages = ['en', 'id', 'ja'] as const;
type Lang = (typeof languages)[number];
type Result = 'paid' | 'left';

const texts: Readonly<Record<Lang, Readonly<Record<Result, readonly [string, string]>>>> = {
  en: {
    paid: ['Thank you', 'As soon as the payment has arrived, the confirmation comes by mail.'],
    left: ['Not paid yet', 'The time is still held for a few minutes: the same link pays it.'],
  },
  id: {
    paid: ['Terima kasih', 'Begitu pembayaran masuk, konfirmasi dikirim lewat surel.'],
    left: [
      'Belum dibayar',
      'Waktu ini masih ditahan beberapa menit: bayar lewat tautan yang sama.',
    ],
  },
  ja: {
    paid: ['ありがとうございます', 'お支払いを確認しだい、確認メールをお送りします。'],
    left: [
      'まだお支払いがありません',
      'あと数分お席を確保しています。同じリンクからお支払いください。',
    ],
  },
};

/** The first of our languages that the browser asks for. */
function langOf(accepted: string | undefined): Lang {
  const wanted = (accepted ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().slice(0, 2));
  return wanted.flatMap((word) => languages.find((lang) => lang === word) ?? [])[0] ?? 'en';
}

/** Adds the page to a scope that sends the headers of pages. */
export function addReturnPage(scope: FastifyInstance): void {
  scope.get<{ Params: { result: string; reference_code: string } }>(
    '/payment/:result/:reference_code',
    async (request, reply) => {
      const { result, reference_code } = request.params;
      if ((result !== 'paid' && result !== 'left') || !/^BP\d{8}$/.test(reference_code)) {
        throw new AppError('not_found', 'There is no such page.');
      }
      const lang = langOf(request.headers['accept-language']);
      const [title, sentence] = texts[lang][result];
      reply.type('text/html; charset=utf-8');
      return [
        `<!doctype html><html lang="${lang}"><meta charset="utf-8">`,
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        `<title>${title}</title><h1>${title}</h1>`,
        `<p>${sentence}</p><p><strong>${reference_code}</strong></p></html>`,
      ].join('\n');
    },
  );
}
