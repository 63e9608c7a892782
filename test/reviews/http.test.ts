import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { call, codeOf, member, startHarness } from '../http/harness.ts';
import { completeVisit } from '../http/papers.ts';
import { buildWorld, freshBooking, must, type World } from '../http/world.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const freshVisit = async (of: World) => await completeVisit(of, await freshBooking(of));

async function review(booking_id: string, body: unknown, token = world.tokens.customer) {
  return await call(world.base, 'create_review', { params: { booking_id }, body }, { token });
}

async function list(query: Record<string, string>, token = world.tokens.customer) {
  const params = { clinic_id: world.clinic.id };
  return await call(world.base, 'list_reviews', { params, query }, { token });
}

const itemsOf = (answer: Awaited<ReturnType<typeof list>>) => {
  const items = member(answer.json, 'items');
  return Array.isArray(items) ? items : [];
};

test.each([
  ['no rating', {}],
  ['nothing', { rating: 0 }],
  ['six', { rating: 6 }],
  ['a half', { rating: 1.5 }],
  ['a word', { rating: '5' }],
  ['an unknown part', { rating: 5, ratings_breakdown: { parking: 5 } }],
  ['a part out of range', { rating: 5, ratings_breakdown: { care: 9 } }],
  ['a book', { rating: 5, comment: 'x'.repeat(1_000_000) }],
  ['a little too much', { rating: 5, comment: '犬'.repeat(2_001) }],
  ['half a sign', { rating: 5, comment: '\ud83d' }],
  ['NUL', { rating: 5, comment: 'a\u0000b' }],
])('a review with %s is refused', async (_, body) => {
  const answer = await review(await freshVisit(world), body);
  expect({ code: codeOf(answer), status: answer.status }).toEqual({
    code: 'invalid_input',
    status: 400,
  });
});

test('signs are counted as readers count them', async () => {
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
  const answer = await review(await freshVisit(world), { rating: 5, comment: family.repeat(900) });
  expect(answer.status).toBe(201);
});

test('visits that are not over, twice, of others or unknown', async () => {
  const open = await review(await freshBooking(world), { rating: 5 });
  expect(codeOf(open)).toBe('policy_refused');
  expect(member(open.json, 'rule')).toBe('visit_not_completed');
  const booking_id = await freshVisit(world);
  expect(codeOf(await review(booking_id, { rating: 5 }, world.other_customer))).toBe('not_found');
  for (const role of ['desk', 'manager', 'admin'] as const) {
    expect(codeOf(await review(booking_id, { rating: 5 }, world.tokens[role]))).toBe('forbidden');
  }
  expect((await review(booking_id, { rating: 5 })).status).toBe(201);
  const twice = await review(booking_id, { rating: 4 });
  expect(codeOf(twice)).toBe('conflict');
  expect(member(twice.json, 'rule')).toBe('reviewed_already');
});

test('texts are kept without what moves a cursor; advertising waits for a manager', async () => {
  const nasty = 'Kind\u001b[2J\u0007\u202e to\r\nMochi\u0085';
  const clean = await review(await freshVisit(world), { rating: 5, comment: nasty });
  expect(clean.json).toMatchObject({ comment: 'Kind[2J to\nMochi', status: 'published' });
  const comment = 'Cheaper at www.pets.example, call +62 812 3456 789';
  const advert = await review(await freshVisit(world), { rating: 1, comment });
  expect(advert.json).toMatchObject({ status: 'pending', is_published: false, is_verified: true });
  const review_id = must(advert, 'review_id');
  const seen = (answer: Awaited<ReturnType<typeof list>>) =>
    itemsOf(answer).some((item) => member(item, 'review_id') === review_id);
  expect(seen(await list({}))).toBe(false);
  expect(seen(await list({ status: 'pending' }))).toBe(true);
  expect(seen(await list({ status: 'pending' }, world.other_customer))).toBe(false);
  expect(seen(await list({ status: 'pending' }, world.tokens.viewer))).toBe(true);
  expect(codeOf(await list({ status: 'pending' }, world.tokens.sre))).toBe('forbidden');
  expect(codeOf(await list({}, world.other_desk))).toBe('not_found');
});

test('strangers read what is published, and whose it is in short', async () => {
  const booking_id = await freshVisit(world);
  await harness.sql`
    update users set full_name = 'Rina Ayu Sari' where id = ${world.owner.user_id}`;
  await review(booking_id, { rating: 2, ratings_breakdown: { value: 1 } });
  const [stranger] = itemsOf(await list({ booking_id }, world.other_customer));
  const hidden = { booking_id: null, reference_code: null, author_name: 'Rina S.' };
  expect(stranger).toMatchObject({ ...hidden, ratings_breakdown: { value: 1 } });
  const [staff] = itemsOf(await list({ booking_id }, world.tokens.desk));
  expect(staff).toMatchObject({ booking_id });
  const [sre] = itemsOf(await list({ booking_id }, world.tokens.sre));
  expect(sre).toMatchObject({ author_name: '***', booking_id: null });
});

test('pages go back in time and neither skip nor repeat', async () => {
  const all = itemsOf(await list({ limit: '200' }));
  const paged = [];
  let cursor: string | null = null;
  do {
    const answer = await list({ limit: '2', ...(cursor === null ? {} : { cursor }) });
    paged.push(...itemsOf(answer));
    const next = member(answer.json, 'next_cursor');
    cursor = typeof next === 'string' ? next : null;
  } while (cursor !== null);
  expect(paged).toEqual(all);
  const whole = await list({ limit: '200' });
  expect(member(whole.json, 'review_count')).toBe(all.length);
});

test('managers publish, reject and answer; a stale look is a conflict', async () => {
  const booking_id = await freshVisit(world);
  const review_id = must(await review(booking_id, { rating: 1, comment: 'Bad' }), 'review_id');
  const token = world.tokens.manager;
  const decide = (body: unknown, as = token) =>
    call(world.base, 'decide_review', { params: { review_id }, body }, { token: as });
  expect(codeOf(await decide({ decision: 'rejected' }))).toBe('invalid_input');
  const rejected = await decide({ decision: 'rejected', reason: 'names a person' });
  expect(rejected.json).toMatchObject({ status: 'rejected', version: 2 });
  const stale = await decide({ decision: 'published', expected_version: 1 });
  expect(codeOf(stale)).toBe('conflict');
  expect(member(stale.json, 'version')).toBe(2);
  const other = await harness.addKey('manager', world.other_clinic.id);
  expect(codeOf(await decide({ decision: 'published' }, other))).toBe('not_found');
  const [own] = itemsOf(await list({ booking_id, status: 'all' }));
  expect(own).toMatchObject({ decision_reason: 'names a person' });
  const reply = { params: { review_id }, body: { reply: 'We are sorry.\u001b[31m' } };
  const answered = await call(world.base, 'reply_review', reply, { token });
  expect(answered.json).toMatchObject({ reply: 'We are sorry.[31m' });
});

test('the clinic looks after reviews from the command line, and owners write them', async () => {
  const env = { PETPRO_URL: world.base, PETPRO_CLINIC: world.clinic.id };
  const as = (token: string) => ({ env: { ...env, PETPRO_TOKEN: token } });
  const booking_id = await freshVisit(world);
  const words = [
    '--rating',
    '4',
    '--marks',
    'care=5,value=3',
    '--comment',
    '=1+1 at a.example.com',
  ];
  const wrote = await cli(
    ['reviews', 'write', booking_id, ...words, '--json'],
    as(world.tokens.customer),
  );
  expect(wrote.err).toBe('');
  const { review_id, reference_code } = JSON.parse(wrote.out).items[0];
  const manager = as(world.tokens.manager);
  const waiting = await cli(['reviews', 'list', '--status', 'pending', '-o', 'name'], manager);
  expect(waiting.out.split('\n')).toContain(review_id);
  const no_reason = await cli(['reviews', 'reject', reference_code], manager);
  expect(no_reason).toMatchObject({ code: 2 });
  expect(no_reason.err).toContain('next: petpro reviews reject');
  const approved = await cli(['reviews', 'approve', reference_code], manager);
  expect(approved).toMatchObject({ err: '', out: expect.stringContaining('published') });
  const thanks = ['reviews', 'reply', reference_code, '--text', 'Thank you'];
  expect((await cli(thanks, manager)).out).toContain('Thank you');
  const csv = await cli(['reviews', 'list', '-o', 'csv'], manager);
  expect(csv.out).toContain(",'=1+1 at a.example.com,");
  const table = await cli(['reviews', 'list'], { ...manager, terminal: 100 });
  expect(table.err).toMatch(/^[1-5]\.\d\d of 5 on average, by \d+ reviews that can be read\.$/m);
  const edited = await cli(
    ['reviews', 'edit', review_id, '--rating', '2'],
    as(world.tokens.customer),
  );
  expect(edited.out).toContain('2/5');
  const refused = await cli(['reviews', 'write', reference_code, '--rating', '5'], manager);
  expect(refused.code).toBe(5);
  expect((await cli(['reviews', 'write', reference_code, '--rating', '6'], manager)).code).toBe(2);
});
