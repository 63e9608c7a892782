import { z } from 'zod';
import { amount, lang, line, local_date } from './basics.ts';
import { booking_statuses } from './booking.ts';
import { currency_exponents } from './money.ts';
import { reference_code } from './schema.ts';
import { rules_shapes } from './shapes-rules.ts';

/**
 * What a row of each kind of import holds. Cells are text, so numbers and yes/no are read from text too. An empty
 * cell empties the field; a column that the file does not have leaves it as it is.
 */

export const import_kinds = ['clinics', 'services', 'vets', 'owners', 'pets', 'bookings'] as const;
export type ImportKind = (typeof import_kinds)[number];

const blank = (value: unknown) => value === null || (typeof value === 'string' && !value.trim());
const asText = (value: unknown) => (typeof value === 'number' ? String(value) : value);

/** Has to be there and to say something. */
const needed = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (blank(value) ? undefined : asText(value)), schema);

/** May be empty. */
const nullable = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (blank(value) ? null : asText(value)), schema.nullable()).optional();

/** Has a default in the database, which an empty cell leaves as it is. */
const kept = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (blank(value) ? undefined : value), schema.optional()).optional();

const numeric = <T extends z.ZodType>(schema: T) =>
  kept(z.preprocess((value) => (isNumber(value) ? Number(value) : value), schema));

const isNumber = (value: unknown) => typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value);

const yes_words = ['true', 'yes', 'y', '1', 't'];
const no_words = ['false', 'no', 'n', '0', 'f'];

function readYes(value: unknown): unknown {
  const word = String(value).trim().toLowerCase();
  if (yes_words.includes(word)) return true;
  return no_words.includes(word) ? false : value;
}

const yes = kept(z.preprocess(readYes, z.boolean({ error: 'say yes or no' })));
const whole = (least: number, most: number) => numeric(z.number().int().min(least).max(most));
const basis_points = whole(0, 5_000);

/** The id that the row has where it comes from, or the uuid of an export. */
const own_id = needed(line(200));
const other_id = needed(line(200));

/** As E.164, but spaces, dashes, dots and brackets may stand between the digits; kept as it is written. */
const phone = nullable(
  line(40).refine((text) => /^\+[1-9]\d{6,14}$/.test(text.replaceAll(/[\s().-]/g, '')), {
    error: 'write the number with its country, as +62 812 3456 7890',
  }),
);
const email = nullable(
  z
    .string()
    .trim()
    .max(254)
    .pipe(z.email({ error: 'is no mail address' })),
);

const time_zone = line(60).refine(
  (text) => {
    try {
      return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text) !== undefined;
    } catch {
      return false;
    }
  },
  { error: 'is no time zone, such as Asia/Jakarta' },
);
const currency = z
  .string()
  .trim()
  .toUpperCase()
  .refine((code) => Object.hasOwn(currency_exponents, code), {
    error: 'is no currency that can be sold in',
  });
const text = (max: number) => nullable(z.string().trim().max(max));
const price = z.preprocess(
  (value) => asText(value),
  amount.refine((written) => !written.startsWith('-'), { error: 'must not be below 0' }),
);

/** `2026-11-28T11:15:00+07:00`, or the wall clock of the clinic: `2026-11-28 11:15`. */
const moment = z
  .string()
  .trim()
  .regex(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$/, {
    error: 'write a time as 2026-11-28 11:15 or 2026-11-28T11:15:00+07:00',
  })
  .refine((written) => isRealMoment(written), { error: 'is no day and time of the calendar' });

function isRealMoment(written: string): boolean {
  const local = written.replace(/(Z|[+-]\d\d:?\d\d)$/, '').replace(' ', 'T');
  try {
    return Temporal.PlainDateTime.from(local, { overflow: 'reject' }) !== undefined;
  } catch {
    return false;
  }
}

const rules = rules_shapes.set_booking_rules.body.shape;
const policy = nullable(
  z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  }, rules.cancellation_policy.unwrap()),
);

const kind_of_place = z.enum(['clinic', 'salon', 'venue']);

export const import_schemas = {
  clinics: z.strictObject({
    id: nullable(line(200)),
    code: needed(
      line(8)
        .toUpperCase()
        .regex(/^[A-Z0-9]{2,8}$/, { error: 'takes 2 to 8 letters and digits' }),
    ),
    name: needed(line(120)),
    kind: kept(kind_of_place),
    city: needed(line(80)),
    address: text(300),
    phone: nullable(line(40)),
    email,
    time_zone: needed(time_zone),
    currency: needed(currency),
    lang: kept(lang),
    hold_ms: numeric(rules.hold_ms.unwrap()),
    undo_ms: numeric(rules.undo_ms.unwrap()),
    approval_ms: numeric(rules.approval_ms.unwrap()),
    check_in_hours: numeric(rules.check_in_hours.unwrap()),
    commission_bp: basis_points,
    tax_bp: basis_points,
    tax_included: yes,
    cancellation_policy: policy,
    is_active: yes,
  }),
  services: z.strictObject({
    id: own_id,
    clinic_id: other_id,
    name: needed(line(120)),
    description: text(2_000),
    category: nullable(line(80)),
    price: needed(price),
    duration_minutes: whole(1, 1_440),
    capacity: whole(1, 10_000),
    requires_approval: yes,
    is_available: yes,
    deposit: nullable(price),
    commission_bp: nullable(z.preprocess(Number, z.number().int().min(0).max(5_000))),
    cancellation_policy: policy,
  }),
  vets: z.strictObject({
    id: own_id,
    clinic_id: other_id,
    name: needed(line(120)),
    title: nullable(line(120)),
    is_active: yes,
  }),
  owners: z.strictObject({
    id: own_id,
    full_name: needed(line(120)),
    phone,
    email,
    lang: kept(lang),
    time_zone: nullable(time_zone),
    is_erased: yes,
  }),
  pets: z.strictObject({
    id: own_id,
    user_id: other_id,
    name: needed(line(80)),
    species: nullable(line(40)),
    breed: nullable(line(80)),
    born_on: nullable(local_date),
    notes: text(2_000),
  }),
  bookings: z.strictObject({
    id: own_id,
    reference_code: nullable(reference_code),
    clinic_id: other_id,
    service_id: other_id,
    staff_id: nullable(line(200)),
    user_id: other_id,
    pet_id: nullable(line(200)),
    starts_at: needed(moment),
    ends_at: nullable(moment),
    quantity: whole(1, 50),
    status: kept(z.enum(booking_statuses)),
    amount: nullable(price),
    amount_paid: nullable(price),
    currency: nullable(currency),
    notes: text(2_000),
    cancellation_reason: text(500),
    cancelled_by: nullable(z.enum(['owner', 'clinic'])),
    cancelled_at: nullable(moment),
    arrived_at: nullable(moment),
    started_at: nullable(moment),
    completed_at: nullable(moment),
    created_at: nullable(moment),
  }),
} as const satisfies Record<ImportKind, z.ZodObject>;

/** Columns of our own exports that say what the database knows by itself. */
export const passed_over: Readonly<Record<ImportKind, readonly string[]>> = {
  clinics: ['version', 'created_at', 'updated_at'],
  services: ['currency', 'version', 'created_at', 'updated_at'],
  vets: ['created_at', 'updated_at'],
  owners: ['created_at', 'updated_at'],
  pets: ['created_at', 'updated_at'],
  bookings: [
    'payment_mode',
    'refund_percent',
    'version',
    'updated_at',
    'clinic_code',
    'service_name',
    'staff_name',
    'full_name',
    'pet_name',
  ],
};

/** Words of other systems and of people for our fields. */
export const other_words: Readonly<Record<ImportKind, Readonly<Record<string, string>>>> = {
  clinics: { external_id: 'id', clinic_id: 'id', zone: 'time_zone', telephone: 'phone' },
  services: {
    external_id: 'id',
    service_id: 'id',
    clinic: 'clinic_id',
    minutes: 'duration_minutes',
  },
  vets: { external_id: 'id', staff_id: 'id', vet_id: 'id', clinic: 'clinic_id', full_name: 'name' },
  owners: {
    external_id: 'id',
    user_id: 'id',
    owner_id: 'id',
    name: 'full_name',
    telephone: 'phone',
    phone_number: 'phone',
    e_mail: 'email',
    mail: 'email',
  },
  pets: {
    external_id: 'id',
    pet_id: 'id',
    owner: 'user_id',
    owner_id: 'user_id',
    birthday: 'born_on',
  },
  bookings: {
    external_id: 'id',
    booking_id: 'id',
    clinic: 'clinic_id',
    service: 'service_id',
    vet: 'staff_id',
    vet_id: 'staff_id',
    owner: 'user_id',
    owner_id: 'user_id',
    pet: 'pet_id',
    reference: 'reference_code',
    booking_time: 'starts_at',
  },
};
