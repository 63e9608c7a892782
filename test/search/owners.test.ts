import type { Sql } from 'postgres';
import { expect, test } from 'vitest';
import { searchOwners } from '../../src/daemon/store/owners.ts';
import { parseSearch } from '../../src/domain/search.ts';
import { addScene, mustBook } from '../helpers/booking.ts';
import { addOwner, addSlot, createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

type Options = { readonly near?: boolean; readonly clinic_id?: string; readonly limit?: number };

async function find(text: string, options: Options = {}) {
  const { near = false, clinic_id = null, limit = 10 } = options;
  return await searchOwners(sql, {
    terms: parseSearch(text),
    near,
    clinic_id,
    visits_at: null,
    limit,
  });
}

const names = async (text: string, options?: Options) =>
  (await find(text, options)).map(({ full_name }) => full_name);

const person = async (full_name: string, phone: string, pet_name = 'Tama') =>
  await addOwner(sql, { full_name, phone, pet_name });

async function addEmail(user_id: string, email: string, on: Sql = sql): Promise<void> {
  await on`update users set email = ${email} where id = ${user_id}`;
}

test('by name, pet, number, address and reference, and how', async () => {
  const owner = await person('山田 太郎', '+62 812-9999-4321', 'ムギ');
  await addEmail(owner.user_id, 'Taro.Yamada@Example.com');
  const { slot_id } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  const [booking] = await sql<{ reference_code: string; service_id: string }[]>`
    select reference_code, service_id from bookings where id = ${booking_id}`;
  const asked: readonly (readonly [string, string])[] = [
    ['4321', 'phone'],
    ['9999-4321', 'phone'],
    ['0812 9999 4321', 'phone'],
    ['+62 (0)812 9999 4321', 'phone'],
    ['山田', 'name'],
    ['太', 'name'],
    ['むぎ', 'name'],
    ['ﾑｷﾞ 山田', 'name'],
    ['山田 4321', 'name'],
    ['taro.yamada@example.com', 'email'],
    ['taro.y', 'email'],
    [booking?.reference_code ?? '', 'reference'],
    [booking?.reference_code.toLowerCase().replace(/^bp/, 'bp ') ?? '', 'reference'],
    [booking?.reference_code.slice(0, 8) ?? '', 'reference'],
  ];
  for (const [text, matched_by] of asked) {
    const [found] = await find(text);
    expect(found, text).toMatchObject({
      user_id: owner.user_id,
      matched_by,
      next_visit: { booking_id, status: 'confirmed', pet_name: 'ムギ' },
      last_service_id: booking?.service_id,
      pets: [{ name: 'ムギ', species: 'cat' }],
    });
  }
  for (const text of ['1234', '4321 999', '山田 4322', 'taro@yamada', 'BP99999999']) {
    expect(await find(text), text).toEqual([]);
  }
});

test('nothing that people type means something to the database', async () => {
  await person('100% Budi_Test', '+62 812-0000-1111');
  await person("Robert'); drop table users;--", '+62 812-0000-2222');
  await person('🐶 Hund', '+62 812-0000-3333', '🐱');
  await person('מרים כהן', '+62 812-0000-4444');
  for (const text of ['%', '_', "'", '\\', ':*', '!', "' or 1=1", '*&|()', '‮‏', 'x'.repeat(80)]) {
    expect(await find(text, { near: true }), text).toEqual([]);
  }
  expect(await names('100%')).toEqual(['100% Budi_Test']);
  expect(await names("robert'); drop table users;--")).toEqual(["Robert'); drop table users;--"]);
  expect(await names('🐶')).toEqual(['🐶 Hund']);
  expect(await names('🐱')).toEqual(['🐶 Hund']);
  expect(await names('מרים')).toEqual(['מרים כהן']);
  expect(await names('\u202eמִרְיָם')).toEqual(['מרים כהן']);
});

test('one letter is a whole word, and a beginning among those who come here', async () => {
  const guest = await person('Xaver X Quentin', '+49 151 0000001');
  const other = await person('Xenia Quast', '+49 151 0000002');
  expect(await names('x')).toEqual(['Xaver X Quentin']);
  expect(await names('q')).toEqual([]);
  const { clinic, slot_id } = await addScene(sql);
  await mustBook(sql, slot_id, other);
  expect(await names('q', { clinic_id: clinic.id })).toEqual(['Xenia Quast']);
  expect(await names('qu')).toEqual(['Xenia Quast', 'Xaver X Quentin']);
  expect(guest.user_id).not.toBe(other.user_id);
});

test('whole words first, then who comes here, then who comes soonest', async () => {
  const { clinic, service_id } = await addScene(sql);
  const elsewhere = await addScene(sql);
  const book = async (
    name: string,
    at: { clinic: typeof clinic; service_id: string },
    h: number,
  ) => {
    const owner = await person(name, '+62 813-1111-0000');
    await mustBook(sql, await addSlot(sql, at.clinic, at.service_id, { in_hours: h }), owner);
  };
  await person('Zulaika Never', '+62 813-1111-0001');
  await book('Zulaika Late', { clinic, service_id }, 200);
  await book('Zulaika Soon', { clinic, service_id }, 20);
  await book('Zulaika Other', elsewhere, 2);
  await book('Zulaikha Begins', elsewhere, 1);
  const here = { clinic_id: clinic.id };
  const all = ['Zulaika Soon', 'Zulaika Late', 'Zulaika Other', 'Zulaika Never'];
  expect(await names('zulaika', here)).toEqual(all);
  expect(await names('zulai', here)).toEqual([
    'Zulaika Soon',
    'Zulaika Late',
    'Zulaikha Begins',
    'Zulaika Other',
    'Zulaika Never',
  ]);
  expect((await names('zulaika')).slice(0, 1)).toEqual(['Zulaika Other']);
  expect(await names('zulaika', { limit: 1, ...here })).toEqual(['Zulaika Soon']);
});

test('a common name is looked for among the visits of the clinic too', async () => {
  await sql`
    insert into users (full_name)
    select 'Wiwik ' || n from generate_series(1, 450) as n`;
  const { clinic, slot_id } = await addScene(sql);
  const regular = await person('Wiwik Zzz', '+62 814-2222-0001');
  await mustBook(sql, slot_id, regular);
  expect((await names('wiwik', { clinic_id: clinic.id }))[0]).toBe('Wiwik Zzz');
  expect(await find('wiwik', { limit: 50 })).toHaveLength(50);
});

test('parts of words, and what is spelled alike only when asked for', async () => {
  await person('Sutrisno Wibisono', '+62 815-3333-0001', 'Kochi');
  await person('Jürgen Groß', '+49 151 3333', 'Waldi');
  await sql`refresh materialized view search_words`;
  expect(await find('trisno')).toMatchObject([{ matched_by: 'part' }]);
  expect(await find('sutrizno')).toEqual([]);
  expect(await find('sutrizno', { near: true })).toMatchObject([
    { full_name: 'Sutrisno Wibisono', matched_by: 'near' },
  ]);
  expect(await names('sutrizno wibsono', { near: true })).toEqual(['Sutrisno Wibisono']);
  expect(await names('sutrizno 0001', { near: true })).toEqual(['Sutrisno Wibisono']);
  expect(await names('sutrizno 0002', { near: true })).toEqual([]);
  expect(await names('Juergen Gross')).toEqual(['Jürgen Groß']);
  expect(await names('jurgen groß')).toEqual(['Jürgen Groß']);
  expect(await names('qqqqqq', { near: true })).toEqual([]);
});

test('a new name, pet or number is found at once, the old one no more', async () => {
  const { user_id, pet_id } = await person('Old Name', '+62 816-4444-0001', 'Oldpet');
  await sql`insert into pets (user_id, name) values (${user_id}, 'Secondpet')`;
  expect(await names('oldpet secondpet name')).toEqual(['Old Name']);
  await sql`update users set full_name = 'New Name', phone = '0816 4444 0002' where id = ${user_id}`;
  await sql`update pets set name = 'Newpet' where id = ${pet_id}`;
  expect(await names('+62 816 4444 0002')).toEqual(['New Name']);
  expect(await names('new newpet')).toEqual(['New Name']);
  for (const text of ['oldpet', 'old name', '0816 4444 0001'])
    expect(await names(text)).toEqual([]);
  const other = await person('Second Owner', '+62 816-4444-0003');
  await sql`update pets set user_id = ${other.user_id} where name = 'Secondpet'`;
  expect(await names('secondpet')).toEqual(['Second Owner']);
  await sql`delete from pets where name = 'Secondpet'`;
  expect(await names('secondpet')).toEqual([]);
});

test('who was erased is never found, whatever became of the rows', async () => {
  const { user_id } = await person('Erased Person', '+62 817-5555-0001', 'Ghostpet');
  await addEmail(user_id, 'erased.person@example.com');
  const { slot_id, clinic } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, { user_id, pet_id: await petOf(user_id) });
  const [booking] = await sql<{ reference_code: string }[]>`
    select reference_code from bookings where id = ${booking_id}`;
  const texts = [
    'erased person',
    'ghostpet',
    '0817 5555 0001',
    'erased.person@example.com',
    booking?.reference_code ?? '',
  ];
  for (const text of texts) expect(await find(text), text).toHaveLength(1);
  await sql`update users set is_erased = true where id = ${user_id}`;
  // A pet that comes later, as an event of another service may bring it, does not bring them back.
  await sql`insert into pets (user_id, name) values (${user_id}, 'Latepet')`;
  await sql`refresh materialized view search_words`;
  for (const text of [...texts, 'latepet', 'erasd persn']) {
    const found = await find(text, { near: true, clinic_id: clinic.id, limit: 50 });
    expect(found.filter((one) => one.user_id === user_id)).toEqual([]);
  }
  expect(await sql`select from owner_search where user_id = ${user_id}`).toHaveLength(0);
});

async function petOf(user_id: string): Promise<string> {
  const [pet] = await sql<{ id: string }[]>`select id from pets where user_id = ${user_id}`;
  return pet?.id ?? '';
}

test('two pets that come at once are both found', async () => {
  const { user_id } = await person('Busy Bee', '+62 818-6666-0001');
  await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      await sql`insert into pets (user_id, name) values (${user_id}, ${`Swarm${n}`})`;
    }),
  );
  for (let n = 0; n < 8; n += 1) expect(await names(`swarm${n}`)).toEqual(['Busy Bee']);
});

test('an owner who is erased while a pet comes is not brought back by it', async () => {
  for (let n = 0; n < 12; n += 1) {
    const { user_id } = await person(`Racing Erased${n}`, `+62 819-7777-00${n}`);
    await Promise.all([
      sql`insert into pets (user_id, name) values (${user_id}, 'Latecomer')`,
      sql`update users set is_erased = true where id = ${user_id}`,
      sql`insert into pets (user_id, name) values (${user_id}, 'Latecomer')`,
    ]);
  }
  expect(await names('latecomer')).toEqual([]);
  expect(await names('racing')).toEqual([]);
});

test('what is kept agrees with what was written', async () => {
  const wrong = await sql`
    select s.user_id
    from owner_search s
    join users u on u.id = s.user_id
    where (s.words, s.phone_key, s.email_key) is distinct from
      (owner_words(u.id, u.full_name), phone_key(u.phone), fold_email(u.email))`;
  expect(wrong).toEqual([]);
});
