import { AppError } from '../domain/errors.ts';
import type { PresenceCount } from '../domain/events.ts';
import { type Role, roles } from '../domain/roles.ts';
import type { Context } from './context.ts';
import { feedUrl, followOnce } from './events-feed.ts';
import { clinicOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';

/** A feed that has not said who is here by then will not. */
const ANSWER_MS = 10_000;

type Row = { readonly clinic_id: string; readonly role: Role; readonly count: number };

function rowsOf({ clinic_id, roles: counts }: PresenceCount): readonly Row[] {
  return roles.flatMap((role) => {
    const count = counts[role] ?? 0;
    return count === 0 ? [] : [{ clinic_id, role, count }];
  });
}

/** `petpro events presence`: looks at the board's audience without joining it. */
export async function presence(context: Context): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  let count: PresenceCount | null = null;
  const patience = AbortSignal.timeout(ANSWER_MS);
  const how = await followOnce({
    url: feedUrl(session.url, { clinic_id: clinic.clinic_id, presence: 'watch' }),
    token: session.token,
    signal: AbortSignal.any([context.signal, patience]),
    on_frame: (frame) => {
      if (frame.type !== 'presence') return 'more';
      count = frame;
      return 'done';
    },
  });
  if (context.signal.aborted) throw new AppError('cancelled', '');
  if (how === 'lost' || count === null) {
    const detail = `The feed at ${session.url} did not say who is here.`;
    throw new AppError('unavailable', detail, { next: 'petpro health --ready' });
  }
  printList(context, {
    kind: 'PresenceList',
    items: rowsOf(count),
    columns: [
      { head: 'ROLE', text: (row) => row.role, whole: true },
      { head: 'ON THE BOARD', text: (row) => String(row.count) },
    ],
    csv: ['clinic_id', 'role', 'count'],
    name: (row) => row.role,
    empty: `Nobody looks at the board of ${clinic.name}.`,
  });
}
