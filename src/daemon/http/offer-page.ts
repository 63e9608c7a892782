import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { escapeHtml, visitTime } from '../../domain/message.ts';
import { formatMoney } from '../../domain/money.ts';
import { acceptOffer, declineOffer } from '../actions/waitlist-answers.ts';
import type { Actor, App } from '../app-types.ts';
import { offer_words } from '../messages/offer-page.ts';
import { findMailFacts } from '../store/mail-facts.ts';
import { findOfferByToken, type TokenOffer } from '../store/waitlist-rows.ts';

/**
 * Where the link of an offer leads. The token is the key: whoever has the mail may answer this one
 * offer for its owner, and do nothing else. Looking answers nothing: scanners of mail follow every
 * link.
 */

const uuid_form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const FORM_BYTES_MAX = 1_024;

type Params = { readonly Params: { readonly token: string } };
type Answered = {
  readonly said: 'accepted' | 'booked' | 'asked' | 'declined' | 'over';
  readonly payment_url?: string | null;
};

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

async function offerOf(app: App, token: string): Promise<TokenOffer> {
  const offer = uuid_form.test(token) ? await findOfferByToken(app.sql, token) : null;
  if (!offer) throw new AppError('not_found', 'There is no such page.');
  return offer;
}

/** The owner, as far as this offer reaches. */
function ownerActor({ user_id }: TokenOffer, request_id: string): Actor {
  return {
    role: 'customer',
    id: user_id,
    user_id,
    clinic_id: null,
    name: 'link of an offer',
    source: 'api',
    request_id,
  };
}

async function pageOf(app: App, offer: TokenOffer, answered: Answered | null): Promise<string> {
  const row = await findMailFacts(app.sql, offer.reservation_id);
  if (!row) throw new AppError('not_found', 'There is no such page.');
  const { facts } = row;
  const words = offer_words[facts.lang];
  const { lang, time_zone } = facts;
  const lines = [
    [facts.service_name, facts.pet_name, facts.staff_name].filter(Boolean).join(', '),
    visitTime(facts.starts_at, time_zone, lang),
    [facts.clinic_name, facts.clinic_address].filter(Boolean).join(', '),
    `${formatMoney(facts.amount, lang)} (${facts.reference_code})`,
  ];
  const paragraph = (text: string) => `<p>${escapeHtml(text)}</p>`;
  const button = (verb: 'accept' | 'decline') =>
    `<form method="post" action="/offers/${offer.token}/${verb}"><button>${escapeHtml(words[verb])}</button></form>`;
  const ask = [
    paragraph(words.until(visitTime(facts.answer_by, time_zone, lang))),
    button('accept'),
    button('decline'),
  ];
  const url = answered?.payment_url ?? null;
  const link =
    url === null ? '' : `<p><a href="${escapeHtml(url)}">${escapeHtml(words.pay)}</a></p>`;
  return [
    `<!doctype html><html lang="${lang}"><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escapeHtml(words.title)}</title><h1>${escapeHtml(words.title)}</h1>`,
    ...lines.map(paragraph),
    ...(answered === null ? ask : [paragraph(words[answered.said]), link]),
    '</html>',
  ].join('\n');
}

/** What stands on the page before anybody has said something. */
function standing(offer: TokenOffer): Answered | null {
  if (offer.ended_as === 'taken') return { said: 'booked' };
  return offer.is_open ? null : { said: 'over' };
}

async function accept(app: App, offer: TokenOffer, actor: Actor): Promise<Answered> {
  const { entry_id } = offer;
  const wish = { entry_id, payment_method: 'checkout' } as const;
  const { payment_url, booking_id } = await acceptOffer(app, actor, wish);
  if (booking_id !== null) return { said: 'booked' };
  return payment_url === null ? { said: 'asked' } : { said: 'accepted', payment_url };
}

async function decline(app: App, { entry_id }: TokenOffer, actor: Actor): Promise<Answered> {
  await declineOffer(app, actor, { entry_id, leave: false });
  return { said: 'declined' };
}

/** An answer that came a moment too late is told on the page, like one that came a day too late. */
async function orOver(answering: Promise<Answered>): Promise<Answered> {
  try {
    return await answering;
  } catch (error) {
    const is_late =
      error instanceof AppError &&
      (error.code === 'conflict' || error.code === 'reservation_expired');
    if (is_late) return { said: 'over' };
    throw error;
  }
}

/** Adds the page to a server of its own scope: its forms are no JSON. */
export function addOfferPage(server: FastifyInstance, app: App): void {
  server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // The address says everything; what a form carries besides is not read.
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, parsed) => {
      parsed(null, {});
    });
    scope.get<Params>('/offers/:token', async (request, reply) => {
      const offer = await offerOf(app, request.params.token);
      const page = await pageOf(app, offer, standing(offer));
      reply.headers(headers);
      return page;
    });
    for (const verb of ['accept', 'decline'] as const) {
      scope.post<Params>(
        `/offers/:token/${verb}`,
        { bodyLimit: FORM_BYTES_MAX },
        async (request, reply) => {
          const offer = await offerOf(app, request.params.token);
          const actor = ownerActor(offer, request.id);
          const answer = verb === 'accept' ? accept : decline;
          const answered = standing(offer) ?? (await orOver(answer(app, offer, actor)));
          const page = await pageOf(app, offer, answered);
          reply.headers(headers);
          return page;
        },
      );
    }
    done();
  });
}
