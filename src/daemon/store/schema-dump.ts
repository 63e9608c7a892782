import type { Sql } from 'postgres';
import { type Db, run } from './db.ts';

/**
 * The schema as text, read from the catalogues: pg_dump does not come with our PostgreSQL, and its
 * output differs by version. View bodies are left out for the same reason (the server rewrites
 * them); their columns are shown. The same on PostgreSQL 15 to 18.
 */
export async function dumpSchema(sql: Sql): Promise<string> {
  const sections = [
    await readDomains(sql),
    await readSequences(sql),
    await readTables(sql),
    await readViews(sql),
    await readIndices(sql),
    await readFunctions(sql),
    await readTriggers(sql),
  ];
  const head = '-- Written by scripts/dump-schema.ts from the migrations. Do not edit.';
  return `${[head, ...sections.flat()].join('\n\n')}\n`;
}

type Line = { readonly text: string };
const textOf = (rows: readonly Line[]) => rows.map(({ text }) => text);

/** Objects of extensions are not ours. */
const isOurs = (sql: Db, catalogue: string, oid: string) => sql`
  not exists (
    select from pg_depend d
    where d.classid = ${catalogue}::regclass and d.objid = ${sql.unsafe(oid)} and d.deptype = 'e'
  )`;

async function readDomains(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select 'create domain ' || t.typname || ' as ' || format_type(t.typbasetype, t.typtypmod)
        || coalesce(string_agg(
          E'\n  constraint ' || c.conname || ' ' || pg_get_constraintdef(c.oid), '' order by c.conname
        ), '') || ';' as text
      from pg_type t
      left join pg_constraint c on c.contypid = t.oid and c.contype = 'c'
      where t.typtype = 'd' and t.typnamespace = 'public'::regnamespace
        and ${isOurs(sql, 'pg_type', 't.oid')}
      group by t.oid
      order by t.typname`),
  );
}

async function readSequences(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select 'create sequence ' || c.relname || ';' as text
      from pg_class c
      where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace
        and not exists (
          select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i', 'e')
        )
      order by c.relname`),
  );
}

async function readTables(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select 'create table ' || c.relname || E' (\n  ' || (
          select string_agg(
            a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
              || case when a.attnotnull then ' not null' else '' end
              || case
                when a.attidentity <> '' then ' generated always as identity'
                when a.attgenerated <> '' then ' generated always as ('
                  || pg_get_expr(d.adbin, d.adrelid) || ') stored'
                when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid)
                else ''
              end,
            E',\n  ' order by a.attnum)
          from pg_attribute a
          left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) || coalesce((
          select string_agg(
            E',\n  constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid), ''
            order by k.contype = 'p' desc, k.conname)
          from pg_constraint k
          where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'f', 'x')
        ), '') || E'\n)' || coalesce(
          ' with (' || array_to_string(c.reloptions, ', ') || ')', ''
        ) || ';' as text
      from pg_class c
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        and ${isOurs(sql, 'pg_class', 'c.oid')}
      order by c.relname`),
  );
}

async function readViews(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select '-- ' || case c.relkind when 'm' then 'materialized view ' else 'view ' end || c.relname
        || string_agg(
          E'\n--   ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ''
          order by a.attnum
        ) as text
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind in ('v', 'm') and c.relnamespace = 'public'::regnamespace
        and ${isOurs(sql, 'pg_class', 'c.oid')}
      group by c.oid, c.relkind, c.relname
      order by c.relname`),
  );
}

async function readIndices(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select pg_get_indexdef(i.indexrelid) || ';' as text
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where c.relnamespace = 'public'::regnamespace
        and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
      order by c.relname`),
  );
}

async function readFunctions(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select case p.prokind when 'p' then 'create procedure ' else 'create function ' end
        || p.proname || '(' || pg_get_function_arguments(p.oid)
        || coalesce(E')\nreturns ' || pg_get_function_result(p.oid), ')')
        || E'\nlanguage ' || l.lanname
        || case p.provolatile when 'i' then ' immutable' when 's' then ' stable' else '' end
        || coalesce(E'\nset ' || array_to_string(p.proconfig, E'\nset '), '')
        || E'\nas $$' || p.prosrc || '$$;' as text
      from pg_proc p
      join pg_language l on l.oid = p.prolang
      where p.pronamespace = 'public'::regnamespace
        and ${isOurs(sql, 'pg_proc', 'p.oid')}
      order by p.proname, pg_get_function_arguments(p.oid)`),
  );
}

async function readTriggers(sql: Db): Promise<readonly string[]> {
  return textOf(
    await run(sql<Line[]>`
      select pg_get_triggerdef(t.oid) || ';' as text
      from pg_trigger t
      join pg_class c on c.oid = t.tgrelid
      where not t.tgisinternal and c.relnamespace = 'public'::regnamespace
      order by c.relname, t.tgname`),
  );
}
