import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { PresenceCount } from '../../domain/events.ts';
import { type Role, roles } from '../../domain/roles.ts';
import type { App } from '../app-types.ts';

/**
 * Who looks at the board of each clinic, over all daemons. Each daemon counts its own clients and
 * tells the others by NOTIFY; nothing is stored, because nothing of it outlives the connections.
 */
const PRESENCE_CHANNEL = 'petpro_presence';
/** Changes are told together, at most so often: a room that fills costs one message, not hundreds. */
const TELL_MS = 250;
/** Everything is told again this often; what was not told again for three times as long is gone. */
const REPEAT_MS = 10_000;
const FORGET_MS = 3 * REPEAT_MS;
/** PostgreSQL takes less than 8 000 bytes in one notification; an entry has at most 150. */
const ENTRIES_PER_MESSAGE = 40;
/** Entries of other daemons that are remembered. */
const HEARD_MAX = 20_000;
/** A database that does not answer must not hold up the end of the process. */
const STOP_MS = 1_000;

type Roles = Readonly<Partial<Record<Role, number>>>;

const Message = z.object({
  from: z.uuid(),
  /** A daemon that has just begun asks everybody to tell theirs. */
  asks: z.boolean().optional(),
  says: z
    .array(z.tuple([z.uuid(), z.partialRecord(z.enum(roles), z.number().int().min(0))]))
    .max(ENTRIES_PER_MESSAGE),
});
type Says = z.output<typeof Message>['says'];

export type Presence = {
  /** Counts one more; returns how to leave. */
  readonly join: (clinic_id: string, role: Role) => () => void;
  /** Tells the count now and whenever it changes; returns how to stop. */
  readonly watch: (clinic_id: string, on_count: (count: PresenceCount) => void) => () => void;
  readonly stop: () => Promise<void>;
};

type Heard = { readonly clinic_id: string; readonly roles: Roles; readonly at_ms: number };
type Watcher = { readonly on_count: (count: PresenceCount) => void; told: string };

function sumOf(clinic_id: string, parts: readonly Roles[]): PresenceCount {
  const sum: Partial<Record<Role, number>> = {};
  let total = 0;
  for (const role of roles) {
    const count = parts.reduce((all, part) => all + (part[role] ?? 0), 0);
    if (count > 0) sum[role] = count;
    total += count;
  }
  return { clinic_id, total, roles: sum };
}

function chunksOf(says: Says): readonly Says[] {
  return Array.from({ length: Math.ceil(says.length / ENTRIES_PER_MESSAGE) }, (_, index) =>
    says.slice(index * ENTRIES_PER_MESSAGE, (index + 1) * ENTRIES_PER_MESSAGE),
  );
}

/** What the other daemons have said, by daemon and clinic. */
function createHearsay() {
  const heard = new Map<string, Heard>();
  return {
    /** Notes an entry; false when nothing changed by it. */
    note: (from: string, clinic_id: string, counts: Roles): boolean => {
      const key = `${from} ${clinic_id}`;
      const before = heard.get(key);
      heard.delete(key);
      if (Object.keys(counts).length === 0) return before !== undefined;
      if (heard.size >= HEARD_MAX) return false;
      heard.set(key, { clinic_id, roles: counts, at_ms: performance.now() });
      return JSON.stringify(before?.roles) !== JSON.stringify(counts);
    },
    of: (clinic_id: string): readonly Roles[] =>
      [...heard.values()].filter((entry) => entry.clinic_id === clinic_id).map((one) => one.roles),
    /** Drops what was not said again; returns the clinics that it was about. */
    forget: (): readonly string[] => {
      const oldest_ms = performance.now() - FORGET_MS;
      const gone = [...heard].filter(([, { at_ms }]) => at_ms < oldest_ms);
      for (const [key] of gone) heard.delete(key);
      return gone.map(([, { clinic_id }]) => clinic_id);
    },
  };
}

/** Begins to count; without a database each daemon counts its own clients only. */
export function createPresence(app: Pick<App, 'sql' | 'log'>): Presence {
  const id = randomUUID();
  const own = new Map<string, Map<Role, number>>();
  const hearsay = createHearsay();
  const watchers = new Map<string, Set<Watcher>>();
  const changed = new Set<string>();
  const to_say = new Set<string>();
  let flushing: NodeJS.Timeout | null = null;
  let is_stopped = false;

  const ownOf = (clinic_id: string): Roles => Object.fromEntries(own.get(clinic_id) ?? []);

  const notify = (message: Omit<z.input<typeof Message>, 'from'>): Promise<void> =>
    app.sql
      .notify(PRESENCE_CHANNEL, JSON.stringify({ from: id, ...message }))
      .then(() => {})
      // Told again with the next repetition.
      .catch((err: unknown) => app.log.debug('feed.presence_untold', { err }));

  const say = async (clinics: Iterable<string>): Promise<void> => {
    const says = [...clinics].map((clinic_id): Says[number] => [clinic_id, ownOf(clinic_id)]);
    for (const chunk of chunksOf(says)) await notify({ says: chunk });
  };

  const tell = (watcher: Watcher, count: PresenceCount): void => {
    const text = JSON.stringify(count.roles);
    if (watcher.told === text) return;
    watcher.told = text;
    watcher.on_count(count);
  };
  const countOf = (clinic_id: string): PresenceCount =>
    sumOf(clinic_id, [ownOf(clinic_id), ...hearsay.of(clinic_id)]);

  const flush = (): void => {
    flushing = null;
    for (const clinic_id of changed) {
      const count = countOf(clinic_id);
      for (const watcher of watchers.get(clinic_id) ?? []) tell(watcher, count);
    }
    changed.clear();
    const news = [...to_say];
    to_say.clear();
    if (!is_stopped) void say(news);
  };

  const change = (clinic_id: string, is_own: boolean): void => {
    changed.add(clinic_id);
    if (is_own) to_say.add(clinic_id);
    flushing ??= setTimeout(flush, TELL_MS).unref();
  };

  const add = (clinic_id: string, role: Role, by: 1 | -1): void => {
    const counts = own.get(clinic_id) ?? new Map<Role, number>();
    const next = (counts.get(role) ?? 0) + by;
    if (next > 0) counts.set(role, next);
    else counts.delete(role);
    if (counts.size > 0) own.set(clinic_id, counts);
    else own.delete(clinic_id);
    change(clinic_id, true);
  };

  const hear = (text: string): void => {
    let message: z.output<typeof Message>;
    try {
      message = Message.parse(JSON.parse(text));
    } catch (err) {
      app.log.warn('feed.presence_garbled', { err });
      return;
    }
    if (message.from === id) return;
    if (message.asks) for (const clinic_id of own.keys()) change(clinic_id, true);
    for (const [clinic_id, counts] of message.says) {
      if (hearsay.note(message.from, clinic_id, counts)) change(clinic_id, false);
    }
  };

  const listening = app.sql
    .listen(PRESENCE_CHANNEL, hear, () => void notify({ asks: true, says: [] }))
    .catch((err: unknown) => {
      app.log.warn('feed.presence_alone', { err });
      return null;
    });
  const repeat = setInterval(() => {
    for (const clinic_id of hearsay.forget()) change(clinic_id, false);
    void say(own.keys());
  }, REPEAT_MS);
  repeat.unref();

  return {
    join: (clinic_id, role) => {
      add(clinic_id, role, 1);
      let is_here = true;
      return () => {
        if (is_here) add(clinic_id, role, -1);
        is_here = false;
      };
    },
    watch: (clinic_id, on_count) => {
      const watcher: Watcher = { on_count, told: '' };
      const others = watchers.get(clinic_id) ?? new Set();
      watchers.set(clinic_id, others.add(watcher));
      // Together with everybody else when a change is about to be told.
      if (!changed.has(clinic_id)) tell(watcher, countOf(clinic_id));
      return () => {
        others.delete(watcher);
        if (others.size === 0) watchers.delete(clinic_id);
      };
    },
    stop: async () => {
      is_stopped = true;
      clearInterval(repeat);
      if (flushing !== null) clearTimeout(flushing);
      const farewell = async (): Promise<void> => {
        const says = [...own.keys(), ...to_say].map((clinic_id): Says[number] => [clinic_id, {}]);
        own.clear();
        for (const chunk of chunksOf(says)) await notify({ says: chunk });
        await (await listening)?.unlisten();
      };
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_MS);
      await Promise.race([farewell().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}
