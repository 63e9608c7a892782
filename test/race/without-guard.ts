import type { Sql } from 'postgres';

/**
 * Runs some work on a product whose one guard was taken out of an SQL function, and puts it back:
 * the control that shows that the fight is one, and that the guard is what decides it.
 */
export async function withoutGuard(
  sql: Sql,
  change: {
    readonly name: string;
    readonly guard: string;
    readonly instead: string;
    readonly work: () => Promise<void>;
  },
): Promise<void> {
  const { name, guard, instead, work } = change;
  const [row] = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where proname = ${name}`;
  if (row?.text.split(guard).length !== 2) throw new Error(`${name} has no such guard, or two`);
  await sql.unsafe(row.text.replace(guard, instead));
  try {
    await work();
  } finally {
    await sql.unsafe(row.text);
  }
}
