import type { Sql } from 'postgres';
import type { Config } from '../config.ts';
import type { Objects } from '../domain/attachment.ts';
import type { LockStore, Messenger, PaymentGateway } from '../domain/ports.ts';
import type { Role } from '../domain/roles.ts';
import type { Log } from '../log.ts';
import type { Tally } from './kpi-tally.ts';

/** Who asks, after authentication. Actions trust it and nothing else. */
export type Actor = {
  readonly role: Role;
  /** The customer's user id, or the operator's API key id. */
  readonly id: string;
  /** Set for customers: everything that they touch must be theirs. */
  readonly user_id: string | null;
  /** Operators scoped to one clinic; null = all clinics (or a customer). */
  readonly clinic_id: string | null;
  readonly name: string;
  /** When the token ends; null or absent = no end is known. */
  readonly expires_at?: Temporal.Instant | null;
  readonly source: 'api' | 'cli' | 'tui' | 'worker' | 'webhook';
  readonly request_id: string;
};

/**
 * Things that wake a worker of this process at once; polling is the backstop. Never throws, never
 * blocks.
 */
export type Wake = {
  readonly relay: () => void;
  readonly dispatcher: () => void;
  readonly sweeper: () => void;
};

/** Everything an action may use. Built by `openApp`, passed as an argument, never global. */
export type App = {
  readonly config: Config;
  readonly log: Log;
  readonly sql: Sql;
  readonly locks: LockStore;
  readonly payments: PaymentGateway;
  readonly messenger: Messenger;
  readonly objects: Objects;
  readonly wake: Wake;
  /** What this process counts for the figures of all. */
  readonly tally: Tally;
};

/** What belongs to this one call and not to its input. */
export type Call = { readonly idempotency_key: string | null };

/** A unit of repeated work. `tick` does one bounded batch and says how many units it did. */
export type Worker = {
  readonly name:
    | 'sweeper'
    | 'relay'
    | 'dispatcher'
    | 'dispatcher_sms'
    | 'dispatcher_push'
    | 'refunds'
    | 'authorisations'
    | 'locks'
    | 'payments'
    | 'reconcile'
    | 'attachments'
    | 'waitlist'
    | 'replay'
    | 'webhooks'
    | 'consumer'
    | 'reminders'
    | 'retention'
    | 'views'
    | 'slots'
    | 'kpis'
    | 'alerts'
    | 'cron';
  readonly every_ms: number;
  readonly tick: (app: App, signal: AbortSignal) => Promise<number>;
  /** Waits for work that outlives a tick; called once, after the last. */
  readonly settle?: () => Promise<void>;
  /** What it found wrong when it looked last, as kind and count; empty = nothing. */
  readonly findings?: () => Readonly<Record<string, number>>;
};
