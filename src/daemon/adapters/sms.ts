import type { SendResult, SmsMessage } from '../../domain/ports.ts';
import { deferred, fieldOf, isProviderTrouble, post, unreachable } from './http-answer.ts';

/** SMS by a provider that speaks Twilio's Messages API. */

/** Numbers that cannot be reached, ever: not a number, not a mobile, said STOP. */
const bad_number_codes: readonly number[] = [21211, 21214, 21217, 21610, 21612, 21614];

export type SmsOptions = {
  readonly url: string;
  readonly account: string;
  readonly token: string;
  readonly from: string;
};

/** Hands one text over. Never throws. */
export function openSms(options: SmsOptions): (message: SmsMessage) => Promise<SendResult> {
  const { url, account, token, from } = options;
  const address = `${url}/2010-04-01/Accounts/${encodeURIComponent(account)}/Messages.json`;
  const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`;
  return async (message) => {
    const headers = {
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
      // Providers that know the header send a repeated message once.
      'idempotency-key': message.message_id,
    };
    const form = new URLSearchParams({ To: message.to, From: from, Body: message.text });
    try {
      const answer = await post(address, headers, form.toString());
      if (answer.status >= 200 && answer.status < 300) {
        const sid = fieldOf(answer.text, 'sid');
        return { outcome: 'sent', provider_id: typeof sid === 'string' ? sid : null };
      }
      const code = Number(fieldOf(answer.text, 'code') ?? answer.status);
      // 20003 and its like speak of our account.
      if (isProviderTrouble(answer.status)) return deferred('sms', code, answer);
      const said = String(fieldOf(answer.text, 'message') ?? answer.text).slice(0, 300);
      return {
        outcome: 'dead',
        code: `sms ${code}`,
        error: `${code}: ${said}`,
        is_bad_address: bad_number_codes.includes(code),
      };
    } catch (error) {
      return unreachable('sms', error);
    }
  };
}
