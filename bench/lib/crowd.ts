/** A town of owners: Indonesian, Japanese and German names, some of them very common, most rare. */
import type { Sql } from 'postgres';

/** The first of a list are many times as common as the last. */
const common = {
  id_given: 'Siti Nur Sri Dewi Ayu Putri Rina Indah Budi Agus Andi Dian Eko Hendra Joko Rudi Wahyu',
  id_family: 'Rahmawati Santoso Wijaya Hidayat Saputra Lestari Kusuma Setiawan Nugroho Suharto',
  ja_family: '佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上',
  ja_given: '太郎 花子 健一 美咲 翔太 陽菜 大輔 さくら 葵 蓮 結衣 直樹 ハナコ タロウ ユイ ケンジ',
  de_given: 'Jürgen Anna Günter Karl Lukas Sören Käthe Björn Ute Jörg Grit Heike Uwe Lena Paul',
  de_family: 'Müller Schmidt Schäfer Weiß Groß Jäger Köhler König Möller Böhm Lange Krause Vogel',
  pet: 'Mochi Luna Bella Max Coco Milo Kitty Rocky Oreo Simba Leo ココ モモ ソラ ハナ ムギ Fritzi Rex',
} as const;

/** Rare names of each kind, made of syllables. */
const RARE = 8_000;
const syllables =
  `ba be bi bo ca da di do fa ga ha ja ji ka ki ko la li lu ma mi mo na ni ro sa su ta
  ti wa ya yu`.split(/\s+/);

/** Lists of names to draw from. */
export async function prepareCrowd(sql: Sql): Promise<void> {
  await sql`
    create unlogged table bench_names (kind text, n integer, name text, primary key (kind, n))`;
  for (const [kind, names] of Object.entries(common)) {
    const list = names.split(' ');
    await sql`
      insert into bench_names (kind, n, name)
      select ${kind}, n, name from unnest(${list}::text[]) with ordinality as x (name, n)
      union all
      select ${kind}, ${list.length} + n, initcap(string_agg(s.part, ''))
      from generate_series(1, ${RARE}) as n
      cross join lateral (
        select (${syllables}::text[])[1 + floor(random() * ${syllables.length})::integer] as part
        from generate_series(1, 2 + n % 3)
        where n is not null
      ) as s
      group by n`;
  }
}

/** A place in a list: half of all people share the first twenty names. */
const drawn =
  'case when random() < 0.5 then 1 + floor(random() ^ 2 * 15) else 1 + floor(random() * 8000) end';

/** Brings the town from so many owners to so many, with 1.3 pets each. Nothing else listens meanwhile. */
export async function growCrowd(sql: Sql, from: number, to: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`set local maintenance_work_mem = '256MB'`;
    await tx.unsafe(`
      create temporary table bench_new on commit drop as
      select gen_random_uuid() as id, i,
        case when i % 20 < 11 then 'id' when i % 20 < 17 then 'ja' else 'de' end as kind,
        (${drawn})::integer as given, (${drawn})::integer as family
      from generate_series(${from + 1}, ${to}) as i`);
    await tx`
      insert into users (id, full_name, email, phone, lang)
      select x.id,
        case x.kind
          when 'ja' then f.name || case when x.i % 2 = 0 then ' ' else '' end || g.name
          else g.name || ' ' || f.name
        end,
        case when x.i % 5 < 4 then 'owner.' || x.i || '@mail' || x.i % 40 || '.example' end,
        case x.kind when 'id' then '+62 812-' when 'ja' then '+81 90-' else '+49 151 ' end
          || lpad((x.i::bigint * 7919 % 100000000)::text, 8, '0'),
        case x.kind when 'de' then 'en' else x.kind end
      from bench_new x
      join bench_names g on g.kind = x.kind || '_given' and g.n = x.given
      join bench_names f on f.kind = x.kind || '_family' and f.n = x.family`;
    await tx.unsafe(`
      insert into pets (user_id, name, species)
      select p.id, n.name, 'cat'
      from (
        select x.id, (${drawn})::integer as n from bench_new x
        union all
        select x.id, (${drawn})::integer from bench_new x where x.i % 10 < 3
      ) as p
      join bench_names n on n.kind = 'pet' and n.n = p.n`);
    // One insert into a large GIN index after the other takes ten times as long as making it anew.
    const [index] = await tx<{ made_by: string }[]>`
      select pg_get_indexdef('owner_search_words'::regclass) as made_by`;
    await tx`drop index owner_search_words`;
    await tx`
      insert into owner_search (user_id, words, phone_key, email_key)
      select u.id, owner_words(u.id, u.full_name), phone_key(u.phone), fold_email(u.email)
      from bench_new x
      join users u on u.id = x.id`;
    await tx.unsafe(index?.made_by ?? '');
  });
}

/** Visits of random owners at one place, a month each way: what ranks those who come here. */
export async function addVisits(sql: Sql, clinic_id: string, count: number): Promise<void> {
  await sql.begin(async (tx) => {
    // Nothing follows from these: no slots, holds or events.
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into bookings (
        user_id, pet_id, clinic_id, service_id, slot_id, reference_code, amount, amount_due,
        currency, status, booking_time
      )
      select p.user_id, p.id, ${clinic_id}, sv.id, gen_random_uuid(),
        'BP9' || lpad(row_number() over ()::text, 7, '0'), 250000, 250000, 'IDR', 'confirmed',
        now() + (random() - 0.5) * interval '60 days'
      from (select id, user_id from pets order by id limit ${count}) as p
      cross join (select id from services where clinic_id = ${clinic_id} limit 1) as sv`;
  });
}
