// The `/pay` side: the pages on which a customer pays, and the bank's question.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../domain/errors.ts';
import { pay, type Sandbox, sendEvents } from './stripe-core.ts';
import { decodeForm, textOf } from './stripe-form.ts';
import { readBody, send } from './stripe-http.ts';
import { authenticateIntent } from './stripe-intents.ts';
import { type PayOutcome, pay_outcomes } from './stripe-outcomes.ts';
import { renderChallenge, renderPage } from './stripe-page.ts';
import { nowSeconds } from './stripe-state.ts';

/** How long the result page waits to show what the receiver answered. */
const PAGE_WAIT_MS = 3_000;

function sendPage(response: ServerResponse, status: number, body: string): void {
  const headers = {
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  send(response, { status, body, headers }, 'text/html; charset=utf-8');
}

/** The bank's page for a saved card: a GET asks, a POST carries the answer. */
async function serveChallenge(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  const intent = sandbox.state.intents.get(id);
  if (intent === undefined) {
    send(response, { status: 404, body: 'No such payment.\n', headers: {} }, 'text/plain');
    return;
  }
  if (request.method === 'POST' && intent.status === 'requires_action') {
    const approved = textOf(decodeForm(await readBody(request)), 'outcome') === 'success';
    sendEvents(sandbox, authenticateIntent(sandbox.state, id, approved).events);
  }
  sendPage(response, 200, renderChallenge({ intent, merchant: sandbox.merchant }));
}

/** GET shows the page of a checkout, POST presses one of its buttons and shows what came of it. */
export async function servePage(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const [, , id = '', intent_id = ''] = url.pathname.split('/');
  if (id === 'intent') return serveChallenge(sandbox, request, response, intent_id);
  const session = sandbox.state.sessions.get(id);
  if (session === undefined) {
    send(response, { status: 404, body: 'No such checkout.\n', headers: {} }, 'text/plain');
    return;
  }
  let outcome: PayOutcome | null = null;
  let refusal: string | null = null;
  let event_ids: readonly string[] = [];
  if (request.method === 'POST') {
    const wanted = textOf(decodeForm(await readBody(request)), 'outcome');
    outcome = pay_outcomes.find((one) => one === wanted) ?? null;
    try {
      if (outcome === null) throw new AppError('invalid_input', 'No such button.');
      const wish = { outcome, delay_ms: null, settles: 'success' } as const;
      event_ids = pay(sandbox, session, wish).events.map((event) => event.id);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refusal = error.detail;
    }
  }
  const deliveries =
    event_ids.length === 0
      ? []
      : await sandbox.courier.waitFor(
          (one) => event_ids.includes(one.event_id),
          (all) => all.every((one) => one.status !== 'scheduled'),
          PAGE_WAIT_MS,
        );
  const intent = sandbox.state.intents.get(session.payment_intent ?? '');
  const body = renderPage({
    session,
    items: sandbox.state.extras.get(session.id)?.line_items ?? [],
    merchant: sandbox.merchant,
    now_s: nowSeconds(),
    challenged: intent?.status === 'requires_action',
    outcome,
    refusal,
    deliveries,
  });
  sendPage(response, refusal === null ? 200 : 409, body);
}
