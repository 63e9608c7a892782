import type { Endpoint } from '../../domain/api.ts';

/** `/v1/clinics/{clinic_id}` in the router's spelling. */
export function routePattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** The canonical address of an endpoint and all its aliases. */
export function addressesOf(endpoint: Endpoint): readonly Pick<Endpoint, 'method' | 'path'>[] {
  return [{ method: endpoint.method, path: endpoint.path }, ...(endpoint.aliases ?? [])];
}
