import { SharedArray } from 'k6/data';

/** What `petpro load setup` wrote for this run: where to go, as whom, and for which slots. */

export type Owner = { readonly user_id: string; readonly pet_id: string };

export type Slot = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly capacity: number;
  /** Which part of the scenario uses it. */
  readonly group: string;
};

export type Head = {
  readonly scenario: string;
  readonly url: string;
  /** Base of the payment sandbox; null where nobody can pay. */
  readonly stripe_url: string | null;
  readonly seed: number;
  readonly run_id: string;
  readonly vus: number;
  /** Arrivals per second, where arrivals are what counts; else 0. */
  readonly rate: number;
  /** Length of the whole scenario. */
  readonly seconds: number;
  /** What is killed on the way; then an answer that was cut off is asked for again. */
  readonly chaos?: readonly string[];
};

type LoadFile = {
  readonly head: Head;
  readonly slots: readonly Slot[];
  readonly owners: readonly Owner[];
  readonly tokens: readonly string[];
};

const file = __ENV['PETPRO_LOAD_FILE'];
if (!file) throw new Error('Start me with: petpro load run (PETPRO_LOAD_FILE is not set)');

// Each array is parsed once for all virtual users; without sharing, a thousand of them would hold a thousand copies.
const read = (): LoadFile => JSON.parse(open(file));
const heads = new SharedArray('head', () => [read().head]);
export const slots: readonly Slot[] = new SharedArray('slots', () => [...read().slots]);
export const owners: readonly Owner[] = new SharedArray('owners', () => [...read().owners]);
export const tokens: readonly string[] = new SharedArray('tokens', () => [...read().tokens]);

function firstHead(): Head {
  const [head] = heads;
  if (head === undefined) throw new Error(`${file} has no head`);
  return head;
}

export const head = firstHead();
export const killed = head.chaos ?? [];

/** The element at `index`, counted round and round. */
export function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('The load file has an empty list');
  return item;
}

export const slotsOf = (group: string): readonly Slot[] =>
  slots.filter((slot) => slot.group === group);

/** `share` of the scenario's length as k6 writes durations. */
export const part = (share: number): string => `${Math.max(1, Math.round(head.seconds * share))}s`;
