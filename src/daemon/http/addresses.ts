import type { Alias } from '../../domain/aliases.ts';
import type { Endpoint } from '../../domain/api.ts';

/** `/v1/clinics/{clinic_id}` in the router's spelling. */
export function routePattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

type Address = Pick<Endpoint, 'method' | 'path'> & { readonly alias: Alias | null };

/** The canonical address of an endpoint and all its aliases. */
export function addressesOf(endpoint: Endpoint): readonly Address[] {
  const { method, path, aliases = [] } = endpoint;
  const others = aliases.map((alias) => ({ method: alias.method, path: alias.path, alias }));
  return [{ method, path, alias: null }, ...others];
}
