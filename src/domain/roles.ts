/** Who calls. `customer` comes from a JWT of the platform's Auth service, the others from API keys. */
export const roles = ['customer', 'viewer', 'desk', 'manager', 'sre', 'ci', 'admin'] as const;
export type Role = (typeof roles)[number];

/**
 * What an endpoint, command or screen asks for. Deny by default: a role that is not in the list may not.
 * `customer` always means: only what is their own (the store adds the owner to the guard).
 */
export const access = {
  /** No token needed. */
  public: [],
  signed_in: ['customer', 'viewer', 'desk', 'manager', 'sre', 'ci', 'admin'],
  view: ['viewer', 'desk', 'manager', 'sre', 'ci', 'admin'],
  own_or_view: ['customer', 'viewer', 'desk', 'manager', 'sre', 'ci', 'admin'],
  /** What only the customer can say, such as a review: no key of the clinic speaks for them. */
  own: ['customer'],
  /** Papers of a booking: owners and the people of the clinic, not those who run the machines. */
  own_or_reader: ['customer', 'viewer', 'desk', 'manager', 'admin'],
  own_or_desk: ['customer', 'desk', 'manager', 'ci', 'admin'],
  desk: ['desk', 'manager', 'ci', 'admin'],
  manager: ['manager', 'admin'],
  sre: ['sre', 'admin'],
  /** What lets others in, or our events out: keys and addresses. */
  admin: ['admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Access = keyof typeof access;

/** True when `role` may do what asks for `needed`. */
export function mayAccess(role: Role, needed: Access): boolean {
  const allowed: readonly Role[] = access[needed];
  return needed === 'public' || allowed.includes(role);
}

/** Everything that a role may ask for, in the words of the table above. */
export function permissionsOf(role: Role): readonly Access[] {
  const needed = Object.keys(access).filter((word): word is Access => word in access);
  return needed.filter((word) => word !== 'public' && mayAccess(role, word));
}

/** Site reliability engineers see who is affected, not their phone number or name (ux: PII masked). */
export function seesPersonalData(role: Role): boolean {
  return role !== 'sre' && role !== 'ci';
}
