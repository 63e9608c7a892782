import { hash } from 'node:crypto';

/** The first part of an owner's lock_ids: the doorman knows their own lock without learning who they are. */
export function lockOwner(user_id: string): string {
  return hash('sha256', user_id, 'base64url').slice(0, 16);
}
