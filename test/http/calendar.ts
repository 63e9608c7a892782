import { randomUUID } from 'node:crypto';
import type { Role } from '../../src/domain/roles.ts';
import { call, member, type Request } from './harness.ts';
import type { World } from './world.ts';

/** Owners link their own visits, staff those of the clinic. */
const linkWish = ({ clinic }: World, role: Role) =>
  role === 'customer' ? { kind: 'owner' } : { kind: 'clinic', clinic_id: clinic.id };

/** Requests of the endpoints of calendars, for the walk over all endpoints. */
export const calendarSamples = (freshBooking: (world: World) => Promise<string>) => {
  const ofBooking = async (world: World): Promise<Request> => ({
    params: { booking_id: await freshBooking(world) },
  });
  return {
    get_calendar: async ({ clinic }: World): Promise<Request> => ({
      params: { clinic_id: clinic.id },
    }),
    get_booking_calendar: ofBooking,
    sync_calendar: ofBooking,
    create_calendar_link: async (world: World, role: Role): Promise<Request> => ({
      body: linkWish(world, role),
    }),
    list_calendar_links: async (): Promise<Request> => ({}),
    revoke_calendar_link: async (world: World, role: Role): Promise<Request> => {
      const body = linkWish(world, role);
      const token = world.tokens[role];
      const made = await call(world.base, 'create_calendar_link', { body }, { token });
      // Roles that may not make one name a link that is not there.
      return { params: { link_id: String(member(made.json, 'link_id') ?? randomUUID()) } };
    },
  };
};
