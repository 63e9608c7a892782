import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { escapeHtml } from '../../domain/message.ts';
import type { App } from '../app-types.ts';
import { catalogues } from '../messages/catalogue.ts';
import { langOfDelivery, stopOptional } from '../store/notifications.ts';

/**
 * Where the link under a reminder leads, and what mail programs post to (RFC 8058). The id of the
 * message is the key: whoever has the mail may stop its like, and can do nothing else with it.
 */

const uuid_form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const FORM_BYTES_MAX = 1_024;

const no_page = () => new AppError('not_found', 'There is no such page.');

/** Looking stops nothing: scanners of mail follow every link. */
export function addUnsubscribe(server: FastifyInstance, app: App): void {
  server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // What the form says is the same in all of them; only that it was sent counts.
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, parsed) => {
      parsed(null, {});
    });
    const pageOf = async (delivery_id: string, is_done: boolean): Promise<string> => {
      const lang = uuid_form.test(delivery_id) ? await langOfDelivery(app.sql, delivery_id) : null;
      if (lang === null) throw no_page();
      const { title, question, button, done: ended } = catalogues[lang].unsubscribe_page;
      const form = `<p>${escapeHtml(question)}</p><form method="post"><button>${escapeHtml(button)}</button></form>`;
      return [
        `<!doctype html><html lang="${lang}"><meta charset="utf-8">`,
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        `<title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>`,
        is_done ? `<p>${escapeHtml(ended)}</p>` : form,
        '</html>',
      ].join('\n');
    };
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    };
    scope.get<{ Params: { delivery_id: string } }>(
      '/unsubscribe/:delivery_id',
      async (request, reply) => {
        const page = await pageOf(request.params.delivery_id, false);
        reply.headers(headers);
        return page;
      },
    );
    scope.post<{ Params: { delivery_id: string } }>(
      '/unsubscribe/:delivery_id',
      { bodyLimit: FORM_BYTES_MAX },
      async (request, reply) => {
        const { delivery_id } = request.params;
        const page = await pageOf(delivery_id, true);
        if (!(await stopOptional(app.sql, delivery_id))) throw no_page();
        app.log.info('preferences.optional_stopped', { delivery_id });
        reply.headers(headers);
        return page;
      },
    );
    done();
  });
}
