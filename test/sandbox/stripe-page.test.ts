import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, checkoutParams, openBench, typesOf } from '../stripe/bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

async function pageOf(url: string, outcome?: string) {
  const response = await fetch(url, {
    ...(outcome === undefined ? {} : { method: 'POST', body: new URLSearchParams({ outcome }) }),
  });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

async function newPage(overrides: Parameters<typeof checkoutParams>[0] = {}): Promise<string> {
  const session = await bench.stripe.checkout.sessions.create(checkoutParams(overrides));
  if (session.url === null) throw new Error('no page');
  return session.url;
}

test('the page says who is paid, for what, how much and how long it is open', async () => {
  const { status, headers, html } = await pageOf(await newPage({ locale: 'id' }));
  expect(status).toBe(200);
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(html).toContain('<html lang="id">');
  expect(html).toContain('Klinik &amp; Sahabat');
  expect(html).toContain('<p class="amount">Rp 250.000</p>');
  expect(html).toContain('Checkup, 30 min');
  expect(html).toContain('BP00000001');
  expect(html).toContain('31 menit');
  expect(html.match(/name="outcome"/g)).toHaveLength(8);
  expect(html).not.toMatch(/<script|<img|<link|src=/);
});

test('yen have no decimals, and the page speaks Japanese', async () => {
  const price_data = { currency: 'jpy', unit_amount: 3500, product_data: { name: '診察' } };
  const { html } = await pageOf(
    await newPage({ locale: 'ja', line_items: [{ quantity: 1, price_data }] }),
  );
  expect(html).toContain('<html lang="ja">');
  expect(html).toMatch(/<p class="amount">[¥￥]3,500<\/p>/);
  expect(html).toContain('お支払い');
});

test('what a session says about itself cannot become markup or a script link', async () => {
  const product_data = { name: '<b onclick="x()">Checkup</b>' };
  const { html } = await pageOf(
    await newPage({
      cancel_url: 'javascript:alert(1)',
      line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: 1, product_data } }],
    }),
  );
  expect(html).not.toContain('<b onclick');
  expect(html).toContain('&lt;b onclick=&quot;');
  expect(html).not.toContain('javascript:');
});

test('Pay completes the session, shows what the clinic answered and leads back', async () => {
  const url = await newPage();
  const { html } = await pageOf(url, 'success');
  const id = url.split('/').at(-1) ?? '';
  expect(html).toContain('<p role="status">Paid. Thank you.</p>');
  expect(html).toContain(`href="https://clinic.example/done?session=${id}"`);
  expect(html).toContain('<code>checkout.session.completed</code> delivered 200');
  expect(html).not.toContain('<form');
  expect(typesOf(bench.receiver)).toContain('checkout.session.completed');
  const again = await pageOf(url, 'success');
  expect(again.status).toBe(409);
  expect(again.html).toContain('nothing was charged again');
});

test('after a decline the customer tries again and passes the challenge of the bank', async () => {
  const url = await newPage();
  const declined = await pageOf(url, 'decline');
  expect(declined.html).toContain('The card was declined.');
  expect(declined.html).toContain('<form');
  const challenged = await pageOf(url, 'sca');
  expect(challenged.html).toContain('Your bank wants to check that it is you.');
  expect((await pageOf(url)).html).toContain('Your bank asks whether it is you.');
  const paid = await pageOf(url, 'success');
  expect(paid.html).toContain('Paid. Thank you.');
  const session = await bench.stripe.checkout.sessions.retrieve(url.split('/').at(-1) ?? '');
  expect(session.payment_status).toBe('paid');
});

test('an expired page takes no money, an unknown one is not there', async () => {
  const url = await newPage();
  await bench.stripe.checkout.sessions.expire(url.split('/').at(-1) ?? '');
  const { html } = await pageOf(url);
  expect(html).toContain('This checkout has expired. Nothing was charged.');
  expect(html).not.toContain('<form');
  expect((await pageOf(url, 'success')).status).toBe(409);
  expect((await pageOf(`${bench.sandbox.url}/pay/cs_test_none`)).status).toBe(404);
  expect((await pageOf(await newPage(), 'gift')).html).toContain('No such button.');
});

test.each([
  ['success', 'succeeded'],
  ['decline', 'requires_payment_method'],
])('the bank asks the owner of a saved card; %s leads to %s', async (outcome, status) => {
  const intent = await bench.stripe.paymentIntents.create({
    amount: 25_000_000,
    currency: 'idr',
    confirm: true,
    payment_method: 'pm_card_authenticationRequired',
  });
  const url = intent.next_action?.redirect_to_url?.url ?? '';
  expect((await pageOf(url)).html).toContain('IDR 250,000');
  expect((await pageOf(url, outcome)).html).toContain(`This payment is ${status}.`);
  expect((await bench.stripe.paymentIntents.retrieve(intent.id)).status).toBe(status);
  expect((await pageOf(`${bench.sandbox.url}/pay/intent/pi_none`)).status).toBe(404);
});
