import type { Output } from '../domain/shapes.ts';
import { isForPeople } from './choice.ts';
import type { Context } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, ownerOf, serviceOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { seriesRef } from './series-words.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro series list` and `show`. */

type Series = Output<'get_series'>;

export const visit_csv = [
  'position',
  'starts_at',
  'status',
  'reference_code',
  'staff_name',
  'amount',
  'payment_state',
];

/** `petpro series list` */
export async function listSeries(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const service = textOption(args, 'service');
  const owner = textOption(args, 'owner');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_series', {
    clinic_id: clinic.clinic_id,
    ...(service === null ? {} : { service_id: serviceOf(clinic, service).service_id }),
    ...(owner === null ? {} : { user_id: (await ownerOf(session, owner)).user_id }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'SeriesList',
    items: page.items,
    columns: [
      { head: 'SERIES', text: (one) => one.series_code, whole: true },
      { head: 'PET', text: (one) => one.pet_name ?? '-' },
      { head: 'OWNER', text: (one) => one.owner_name ?? '-' },
      { head: 'SERVICE', text: (one) => one.service_name },
      { head: 'RULE', text: (one) => `${one.rule_text}, ${one.start_time}` },
      { head: 'LEFT', text: (one) => `${one.visits_left}/${one.visits_made}`, whole: true },
      {
        head: 'NEXT',
        text: (one) => (one.next_visit_at === null ? '-' : look.moment(one.next_visit_at)),
        whole: true,
      },
    ],
    csv: [
      'series_code',
      'series_id',
      'service_name',
      'owner_name',
      'pet_name',
      'rule_text',
      'start_date',
      'start_time',
      'visits_made',
      'visits_left',
      'next_visit_at',
      'created_at',
    ],
    name: (one) => one.series_code,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'There is no series.',
  });
}

function printVisits(context: Context, look: Look, series: Series): void {
  printList(context, {
    kind: 'SeriesVisitList',
    items: series.visits,
    columns: [
      { head: '#', text: (one) => String(one.position), right: true },
      { head: 'DAY AND TIME', text: (one) => look.moment(one.starts_at), whole: true },
      { head: 'STATUS', text: (one) => one.status ?? '-', whole: true },
      { head: 'VET', text: (one) => one.staff_name ?? '-' },
      { head: 'AMOUNT', text: (one) => look.money(one.amount, series.currency), right: true },
      { head: 'PAY', text: (one) => one.payment_state ?? '-' },
      { head: 'REF', text: (one) => one.reference_code ?? '-', whole: true },
    ],
    csv: visit_csv,
    name: (one) => one.reference_code ?? '',
    as_of: look.now(),
    empty: 'No visit was made.',
  });
}

/** `petpro series show` */
export async function showSeries(context: Context, args: Args): Promise<undefined> {
  const series_id = seriesRef(args);
  const session = openSession(context);
  const series = await session.client.call('get_series', { series_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: series.clinic_id });
  const look = lookOf(context, clinic);
  if (context.mode === 'csv' || context.mode === 'jsonl') {
    printVisits(context, look, series);
    return;
  }
  printOne(context, {
    kind: 'Series',
    item: series,
    csv: ['series_code'],
    name: series.series_code,
    as_of: look.now(),
    lines: [
      ['series', `${series.series_code}  (version ${series.version})`],
      ['for', `${series.pet_name ?? '-'}, ${series.owner_name ?? '-'}: ${series.service_name}`],
      ['rule', `${series.rule_text}, ${series.start_time}`],
      ['visits', `${series.visits_left} to come of ${series.visits_made}`],
      [
        'left out',
        series.visits_made < series.visits_asked
          ? `${series.visits_asked - series.visits_made} of ${series.visits_asked} dates`
          : '',
      ],
      ['seats', series.quantity > 1 ? String(series.quantity) : ''],
      ['notes', series.notes ?? ''],
    ],
  });
  if (isForPeople(context)) printVisits(context, look, series);
}
