import type { Offer } from '../../domain/day-closure.ts';
import { wantedSlots } from '../../domain/schedule.ts';
import type { App } from '../app-types.ts';
import { findSchedule, listServiceRules } from '../store/schedules.ts';
import { readRules } from './generate-slots.ts';

/**
 * What hours make of some days of a service, and why they give no slot, as the generator of slots sees it: one code for
 * what is made and for what is explained. Null = there is no such clinic.
 */
export async function offerOf(
  app: App,
  wish: {
    readonly clinic_id: string;
    readonly service_id: string;
    readonly staff_id: string | null;
    readonly from: string;
    readonly to: string;
  },
): Promise<Offer | null> {
  const { clinic_id, service_id, staff_id, from, to } = wish;
  const head = await findSchedule(app.sql, clinic_id);
  if (head === null) return null;
  const services = (await listServiceRules(app.sql, clinic_id)).filter(
    (service) => service.service_id === service_id,
  );
  const all = await readRules(app.sql, head, services, { from, to });
  const is_wanted = (one: string | null) => staff_id === null || one === null || one === staff_id;
  const hours = all.hours.filter((row) => is_wanted(row.staff_id));
  // Of the past too: a day that was closed stays explained.
  const { slots, gaps } = wantedSlots({ ...all, hours }, { from, to, now_ms: 0 });
  return {
    rules: { ...all, hours: hours.filter((row) => row.service_id === service_id) },
    slots,
    gaps: gaps.filter((gap) => is_wanted(gap.staff_id)),
  };
}
