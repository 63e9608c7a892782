import type { Config } from '../config.ts';

/** The steps between which a process may die; each is named after what has just happened. */
export const failpoints = [
  'after-lock',
  'after-claim',
  'before-checkout',
  'after-checkout',
  'after-record',
  'before-payment-event',
  'after-payment-event',
  'before-unlock',
  'after-session-expire',
  'after-sequence',
  'after-fan-out',
  'after-send',
  'after-refund',
  'after-file',
  'after-charge',
  'after-capture',
] as const;
export type Failpoint = (typeof failpoints)[number];

/** Null in every daemon that customers use. */
let armed: string | null = null;

/** Obeys PETPRO_FAILPOINT; never in production, whatever the variable says. */
export function armFailpoint({ env, failpoint: wanted }: Config): void {
  armed = env === 'prod' ? null : wanted;
}

/**
 * Ends this process as a power cut would, when it was told to die here: the crash tests start it
 * anew and look at what is left. Otherwise it costs one comparison.
 */
export function failpoint(name: Failpoint): void {
  if (armed === name) process.kill(process.pid, 'SIGKILL');
}
