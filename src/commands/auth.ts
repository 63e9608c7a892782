import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';

const csv = [
  'kind',
  'id',
  'name',
  'role',
  'clinic_code',
  'clinic_id',
  'expires_at',
  'permissions',
  'url',
  'token_from',
];

/** Where the token of this command line comes from. */
function tokenSource(context: Context): string {
  const { token, token_file } = context.config;
  if (token !== null) return 'PETPRO_TOKEN';
  return token_file === null ? 'the demo of this machine' : `PETPRO_TOKEN_FILE ${token_file}`;
}

/** `petpro auth status`: whom the daemon takes us for. Throws `unauthorized` when for nobody. */
export async function authStatus(context: Context): Promise<undefined> {
  const session = openSession(context);
  if (session.token === null) {
    throw new AppError('unauthorized', `There is no token for ${session.url}.`, {
      next: 'set PETPRO_TOKEN, or PETPRO_TOKEN_FILE, then: petpro auth status',
    });
  }
  const me = await session.client.call('get_me', {});
  const item = { ...me, url: session.url, token_from: tokenSource(context) };
  const clinic = me.clinic_code === null ? 'all clinics' : `${me.clinic_code} ${me.clinic_name}`;
  printOne(context, {
    kind: 'Me',
    item,
    csv,
    name: me.role,
    lines: [
      ['role', me.role],
      ['name', me.name],
      ['clinic', me.kind === 'customer' ? 'own bookings, at all clinics' : clinic],
      ['may', me.permissions.join(', ')],
      ['until', me.expires_at ?? 'no end is set'],
      ['at', session.url],
      ['token', `from ${item.token_from}`],
    ],
  });
  return;
}
