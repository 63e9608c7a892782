import type { FastifyInstance } from 'fastify';
import { type Endpoint, endpoints } from '../../domain/api.ts';
import { AppError } from '../../domain/errors.ts';
import { takePaymentEvent } from '../actions/take-payment-event.ts';
import type { App } from '../app-types.ts';
import { addressesOf, routePattern } from './addresses.ts';
import type { Admit } from './admission.ts';

/** Payment events are small; anything larger is not from the provider. */
const webhook_body_bytes_max = 262_144;
const signature_header = 'stripe-signature';

/**
 * The payment provider's door, in a context of its own: the signature covers the raw bytes, so no
 * parser may touch them first. Failures of ours answer 5xx, and the provider sends the event again.
 */
export function addWebhook(server: FastifyInstance, app: App, admit: Admit): void {
  const endpoint: Endpoint = endpoints.take_payment_event;
  server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    for (const { method, path } of addressesOf(endpoint)) {
      scope.route({
        method,
        url: routePattern(path),
        bodyLimit: webhook_body_bytes_max,
        onRequest: admit(endpoint.access),
        handler: async (request, reply) => {
          const { body } = request;
          if (!Buffer.isBuffer(body)) throw new AppError('invalid_input', 'The body is empty.');
          const signature = request.headers[signature_header];
          const event = await app.payments.verifyWebhook(
            body,
            typeof signature === 'string' ? signature : undefined,
          );
          await takePaymentEvent(app, event, request.id);
          reply.type('application/json; charset=utf-8');
          return '{"received":true}';
        },
      });
    }
    done();
  });
}
