import { addClinic, addService, addStaff, type Clinic } from '../helpers/database.ts';
import { call, member, type Request } from './harness.ts';
import type { World } from './world.ts';

/** One request per endpoint about hours, each on a clinic of its own: slots follow hours. */

const far = '2099-01-05';

async function freshClinic({ harness }: World) {
  const clinic: Clinic = await addClinic(harness.sql);
  return {
    params: { clinic_id: clinic.id },
    service_id: await addService(harness.sql, clinic),
    staff_id: await addStaff(harness.sql, clinic),
  };
}

async function freshException(world: World): Promise<string> {
  const { params } = await freshClinic(world);
  const body = { date: far, reason: 'test' };
  const { manager: token } = world.tokens;
  const done = await call(world.base, 'add_schedule_exception', { params, body }, { token });
  const exception_id = member(done.json, 'exception_id');
  if (typeof exception_id !== 'string') throw new Error(`no exception: ${done.text}`);
  return exception_id;
}

const ofClinic = async (world: World): Promise<Request> => ({
  params: (await freshClinic(world)).params,
});

export const schedule_samples = {
  get_schedule: ofClinic,
  set_schedule_hours: async (world: World): Promise<Request> => {
    const { params, service_id, staff_id } = await freshClinic(world);
    const hours = [{ opens: '09:00', closes: '10:00' }];
    return { params, body: { service_id, staff_id, weekdays: [1, 2, 3], hours } };
  },
  set_schedule_rules: async (world: World): Promise<Request> => ({
    ...(await ofClinic(world)),
    body: { country: 'ID', holiday_policy: 'close' },
  }),
  list_schedule_exceptions: ofClinic,
  add_schedule_exception: async (world: World): Promise<Request> => ({
    ...(await ofClinic(world)),
    body: { date: far, is_closed: false, opens: '10:00', closes: '12:00' },
  }),
  remove_schedule_exception: async (world: World): Promise<Request> => ({
    params: { exception_id: await freshException(world) },
  }),
  list_holidays: ofClinic,
  set_holiday: async (world: World): Promise<Request> => ({
    ...(await ofClinic(world)),
    body: { date: far, name: 'Founding day' },
  }),
  lint_schedule: ofClinic,
  generate_slots: ofClinic,
  open_slots: async (world: World): Promise<Request> => {
    const { params, service_id, staff_id } = await freshClinic(world);
    const date = Temporal.Now.plainDateISO('Asia/Jakarta').add({ days: 9 }).toString();
    return { params, body: { service_id, staff_id, date, from: '09:00', to: '10:00' } };
  },
} as const;
