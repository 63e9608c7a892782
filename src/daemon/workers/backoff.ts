const FIRST_MS = 1_000;
const MAX_MS = 3_600_000;

/**
 * How long to wait before the next try: doubling from a second to an hour, and a random half of it
 * on top of the other half, so that what failed together does not come back together.
 */
export function backoffMs(attempts: number): number {
  const ceiling_ms = Math.min(FIRST_MS * 2 ** Math.min(attempts, 30), MAX_MS);
  return Math.round(ceiling_ms / 2 + (Math.random() * ceiling_ms) / 2);
}
