import { permissionsOf } from '../../domain/roles.ts';
import type { Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic } from '../store/clinics.ts';

/** Whom the token stands for. */
export async function getMe(app: App, actor: Actor): Promise<Output<'get_me'>> {
  const { role, id, name, clinic_id, expires_at } = actor;
  const clinic = clinic_id === null ? null : await findClinic(app.sql, clinic_id);
  return {
    kind: role === 'customer' ? 'customer' : 'operator',
    id,
    name,
    role,
    clinic_id,
    clinic_code: clinic?.code ?? null,
    clinic_name: clinic?.name ?? null,
    permissions: [...permissionsOf(role)],
    expires_at: expires_at?.toString({ smallestUnit: 'second' }) ?? null,
  };
}
