import { readInvariants, runInvariants } from '../daemon/store/invariants.ts';
import { type Check, type Finding, no_database, pass, skip, type Tools } from './checks.ts';

/** Whole tables are read; a large database takes its time. */
const TIMEOUT_MS = 120_000;

type Results = Awaited<ReturnType<typeof runInvariants>>;

function judge(name: string, results: Results): Finding {
  const result = results.find((one) => one.name === name);
  if (result === undefined) return skip('not run');
  if (result.rows === 0) return pass('holds');
  const sample = JSON.stringify(result.sample[0] ?? {});
  return {
    state: 'fail',
    detail: `${result.rows} rows break it, such as ${sample}`,
    fix: 'stop taking bookings and look: petpro doctor --only invariants --json',
    broken_invariant: true,
  };
}

/** One check per invariant of sql/invariants.sql; all of them see one and the same moment. */
export function invariantChecks(): readonly Check[] {
  let running: Promise<Results> | null = null;
  const resultsOf = async (tools: Tools) => {
    const sql = await tools.sql().catch(() => null);
    if (sql === null) return null;
    running ??= runInvariants(sql);
    return await running;
  };
  return readInvariants().map(({ name }) => ({
    id: `invariants.${name}`,
    about: `no row breaks the invariant ${name} (sql/invariants.sql)`,
    timeout_ms: TIMEOUT_MS,
    look: async (tools) => {
      const results = await resultsOf(tools);
      if (results === null) {
        return tools.database_url === null ? no_database : skip('PostgreSQL does not answer');
      }
      return judge(name, results);
    },
  }));
}
