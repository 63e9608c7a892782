import { z } from 'zod';
import { amount, currency, id, instant, local_date } from './basics.ts';
import { money_groups, REPORT_DAYS_MAX, report_groups } from './report.ts';

/** What the endpoint of api-reports.ts takes and gives. */

const count = z.number().int();

const ReportRow = z
  .object({
    key: z.string().describe('The date, the Monday of the week, or the id of the vet or service'),
    label: z.string().nullable().describe('Null: slots of no vet'),
    bookings: count.describe('Visits that begin in this time, whatever became of them'),
    completed: count,
    cancelled: count,
    no_shows: count,
    revenue: amount.describe('The ledger in this time: what came in, less what went back'),
    offered_minutes: count.describe('Minutes of places on sale; of a blocked slot, those sold'),
    sold_minutes: count,
    utilisation_percent: z.number().nullable().describe('Null: nothing was on offer'),
    lead_hours: z
      .number()
      .nullable()
      .describe('From booking to visit, on average; 0 when written down later'),
    waitlisted: count.describe('Joined the waiting list in this time'),
  })
  .meta({ id: 'ReportRow' });

const range = {
  from: local_date.optional().describe('Default: six days before `to`'),
  to: local_date
    .optional()
    .describe(`Included; at most ${REPORT_DAYS_MAX} days; default: today at the clinic`),
};

const MoneyRow = z
  .object({
    key: z.string().describe('The date, the first day of the week or month, or the means'),
    payments: count,
    taken: amount.describe('What came in'),
    refunds: count,
    refunded: amount.describe('What went back; a refund that failed is taken off again'),
    net: amount.describe('taken less refunded = platform_fee + tax_amount + clinic_amount'),
    platform_fee: amount,
    tax_amount: amount,
    clinic_amount: amount,
    methods: z
      .array(z.object({ payment_method: z.string(), taken: amount, refunded: amount }))
      .readonly(),
  })
  .meta({ id: 'MoneyReportRow' });

/** Rows of the shape table. */
export const report_shapes = {
  get_report: {
    params: z.object({ clinic_id: id }),
    query: z.object({
      by: z.enum(report_groups).default('day'),
      ...range,
    }),
    body: z.object({}),
    output: z
      .object({
        clinic_id: id,
        by: z.enum(report_groups),
        from: local_date,
        to: local_date,
        time_zone: z.string(),
        currency,
        as_of: instant.describe('Read then, from the tables themselves: never stale'),
        items: z.array(ReportRow).readonly(),
        total: ReportRow,
      })
      .meta({ id: 'Report' }),
  },
  get_money_report: {
    params: z.object({ clinic_id: id }),
    query: z.object({ by: z.enum(money_groups).default('day'), ...range }),
    body: z.object({}),
    output: z
      .object({
        clinic_id: id,
        by: z.enum(money_groups),
        from: local_date,
        to: local_date,
        time_zone: z.string(),
        currency,
        as_of: instant.describe('Read then, from the ledger itself: never stale'),
        items: z.array(MoneyRow).readonly(),
        total: MoneyRow,
      })
      .meta({ id: 'MoneyReport' }),
  },
} as const;
