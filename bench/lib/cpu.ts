/**
 * CPU time of processes, read from /proc (Linux). On a machine that is busy with other things the
 * clock says little; CPU time per request still says what a request costs.
 */
import fs from 'node:fs';

/** Clock ticks a second in /proc; the same on every Linux that Node runs on. */
const TICKS_PER_S = 100;

type Stat = { readonly parent: number; readonly own_ms: number; readonly reaped_ms: number };

function statOf(pid: number): Stat | null {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ms = (index: number) => ((fields[index] ?? 0) * 1000) / TICKS_PER_S;
    return { parent: fields[1] ?? 0, own_ms: ms(11) + ms(12), reaped_ms: ms(13) + ms(14) };
  } catch {
    return null;
  }
}

/** CPU milliseconds of one process, all threads, since it started; 0 where there is no /proc. */
export function cpuOf(pid: number): number {
  return statOf(pid)?.own_ms ?? 0;
}

/** The same with its children, living and ended: PostgreSQL has a process per connection. */
export function cpuWithChildren(pid: number): number {
  const own = statOf(pid);
  if (!own) return 0;
  const children = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat?.parent === pid);
  return children.reduce((sum, stat) => sum + (stat?.own_ms ?? 0), own.own_ms + own.reaped_ms);
}

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
}
