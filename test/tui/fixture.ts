import type { Booking, ClinicDetail, Day, Owner, Slot } from '../../src/tui/model.ts';
import type { JournalItem } from '../../src/tui/model-desk.ts';
import type { DayRow } from '../../src/tui/rows.ts';

/** The day of figure A: a clinic in Jakarta at 10:42 with every kind of row, Japanese names among them. */

export const DATE = '2026-11-20';
export const NOW = Temporal.Instant.from('2026-11-20T10:42:07+07:00').epochMilliseconds;

/** Readable ids that are still UUIDs. */
export function uuid(kind: number, n: number): string {
  return `0000000${kind}-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

export const clinic_id = uuid(1, 1);

const base_clinic = {
  clinic_id,
  code: 'BSD',
  name: 'Klinik Sehat BSD',
  kind: 'clinic' as const,
  city: 'Tangerang',
  address: null,
  phone: '+622112345678',
  time_zone: 'Asia/Jakarta',
  currency: 'IDR',
  lang: 'id' as const,
};

const services = [
  { name: 'Checkup', price: '250000.00', minutes: 30 },
  { name: 'Vaccination', price: '350000.00', minutes: 15 },
  { name: 'Dental clean', price: '600000.00', minutes: 45 },
  { name: 'Grooming', price: '200000.00', minutes: 60 },
].map((one, index) => ({
  service_id: uuid(2, index + 1),
  clinic_id,
  name: one.name,
  description: null,
  category: null,
  price: one.price,
  currency: 'IDR',
  duration_minutes: one.minutes,
  capacity: 1,
  requires_approval: false,
  is_available: true,
}));

const staff = ['Andi', 'Sari', 'Rudi'].map((name, index) => ({
  staff_id: uuid(3, index + 1),
  name,
  title: 'drh.',
}));

export const clinic: ClinicDetail = { ...base_clinic, services, staff, working_hours: [] };

type Line = {
  readonly time: string;
  readonly minutes?: number;
  readonly kind?: DayRow['kind'];
  readonly status?: DayRow['status'];
  readonly arrived?: string;
  readonly pet?: string;
  readonly owner?: string;
  readonly phone?: string;
  readonly service: number;
  readonly vet: number;
  readonly pay?: DayRow['payment_state'];
  readonly ref?: number;
  readonly notes?: string;
};

export function at(time: string, date = DATE): string {
  return `${date}T${time}:00+07:00`;
}

function plus(time: string, minutes: number): string {
  return Temporal.PlainTime.from(time).add({ minutes }).toString({ smallestUnit: 'minute' });
}

function dayRow(line: Line, index: number): DayRow {
  const kind = line.kind ?? 'booking';
  const service = services[line.service] ?? services[0]!;
  const vet = staff[line.vet] ?? null;
  const is_booking = kind === 'booking';
  const has_owner = is_booking || kind === 'hold';
  return {
    kind,
    slot_id: uuid(4, index + 1),
    starts_at: at(line.time),
    ends_at: at(plus(line.time, line.minutes ?? 30)),
    time: line.time,
    service_id: service.service_id,
    service_name: service.name,
    staff_id: vet?.staff_id ?? null,
    staff_name: vet?.name ?? null,
    capacity: 1,
    remaining: kind === 'open' ? 1 : 0,
    amount: service.price,
    currency: 'IDR',
    booking_id: is_booking ? uuid(5, index + 1) : null,
    reference_code: has_owner ? `BP${10_000_100 + (line.ref ?? index)}` : null,
    status: is_booking ? (line.status ?? 'confirmed') : null,
    arrived_at: line.arrived === undefined ? null : at(line.arrived),
    version: has_owner ? 1 : null,
    reservation_id: has_owner ? uuid(6, index + 1) : null,
    hold_expires_at:
      kind === 'hold' ? Temporal.Instant.fromEpochMilliseconds(NOW + 461_000).toString() : null,
    user_id: has_owner ? uuid(7, index + 1) : null,
    owner_name: line.owner ?? null,
    owner_phone: line.phone ?? null,
    pet_id: is_booking ? uuid(8, index + 1) : null,
    pet_name: line.pet ?? null,
    species: is_booking ? 'cat' : null,
    payment_state: is_booking ? (line.pay ?? 'paid') : kind === 'hold' ? 'pending' : null,
    notes: line.notes ?? null,
  };
}

const lines: readonly Line[] = [
  {
    time: '09:00',
    status: 'completed',
    pet: 'Bimo',
    owner: 'Dewi Lestari',
    service: 1,
    vet: 0,
    ref: 19,
  },
  {
    time: '09:30',
    status: 'completed',
    pet: 'ムギ',
    owner: '山田 太郎',
    service: 2,
    vet: 0,
    ref: 20,
  },
  {
    time: '09:30',
    status: 'no-show',
    pet: 'Koko',
    owner: 'Budi Santoso',
    service: 0,
    vet: 1,
    ref: 21,
  },
  {
    time: '10:00',
    status: 'in-progress',
    arrived: '09:52',
    pet: 'Luna',
    owner: 'Putri Ayu',
    service: 0,
    vet: 0,
    ref: 22,
  },
  {
    time: '10:15',
    minutes: 15,
    pet: 'Oyen',
    owner: 'Agus Wijaya',
    service: 1,
    vet: 1,
    pay: 'due',
    ref: 24,
  },
  {
    time: '10:30',
    pet: 'Mochi',
    owner: 'Siti Rahmawati',
    phone: '+6281234567890',
    service: 0,
    vet: 1,
    ref: 27,
    notes: 'nervous, use the back door',
  },
  { time: '10:45', pet: 'ソラ', owner: '佐藤 花子', service: 0, vet: 0, ref: 28 },
  { time: '11:00', kind: 'hold', owner: 'web customer', service: 0, vet: 1, ref: 29 },
  { time: '11:00', pet: 'Max', owner: 'Joko Prasetyo', service: 3, vet: 0, ref: 31 },
  { time: '11:15', kind: 'open', service: 0, vet: 1 },
  { time: '11:15', kind: 'open', service: 1, vet: 1 },
  { time: '11:30', pet: 'Chiko', owner: 'Maria Tan', service: 3, vet: 2, pay: 'due', ref: 33 },
  { time: '11:45', kind: 'open', service: 0, vet: 1 },
  { time: '12:00', kind: 'blocked', service: 0, vet: 1, notes: 'staff lunch' },
  { time: '12:00', kind: 'blocked', service: 0, vet: 0, notes: 'staff lunch' },
];

/** A fresh copy of the day; tests change their own. */
export function figureDay(): Day {
  return {
    clinic: base_clinic,
    date: DATE,
    as_of: Temporal.Instant.fromEpochMilliseconds(NOW).toString(),
    sequence: 918_201,
    items: lines.map(dayRow),
  };
}

/** A day of many bookings, for scrolling and for measuring. */
export function largeDay(count: number): Day {
  const items = Array.from({ length: count }, (_, index) => {
    const minute = Math.floor((index * 600) / count);
    const time = plus('08:00', minute);
    return dayRow(
      { time, pet: `Pet ${index}`, owner: `Owner ${index}`, service: index % 4, vet: index % 3 },
      index,
    );
  });
  return { ...figureDay(), items };
}

export const owners: readonly Owner[] = [
  {
    user_id: uuid(7, 90),
    full_name: 'Siti Rahmawati',
    phone: '+6281234563456',
    email: null,
    lang: 'id',
    pets: [
      { pet_id: uuid(8, 90), name: 'Mochi', species: 'cat', breed: null },
      { pet_id: uuid(8, 91), name: 'Bruno', species: 'dog', breed: null },
    ],
    next_visit: null,
    last_visit: {
      booking_id: uuid(5, 90),
      reference_code: 'BP10000011',
      starts_at: at('09:00', '2026-09-03'),
      clinic_id,
      service_name: 'Vaccination',
      staff_name: 'Andi',
      pet_name: 'Bruno',
      status: 'completed',
    },
    last_service_id: uuid(2, 1),
  },
  {
    user_id: uuid(7, 92),
    full_name: 'Sitti Aminah',
    phone: '+6281300345621',
    email: null,
    lang: 'id',
    pets: [{ pet_id: uuid(8, 92), name: 'Kitty', species: 'cat', breed: null }],
    next_visit: {
      booking_id: uuid(5, 12),
      reference_code: 'BP10000133',
      starts_at: at('11:30'),
      clinic_id,
      service_name: 'Checkup',
      staff_name: 'Rudi',
      pet_name: 'Kitty',
      status: 'confirmed',
    },
    last_visit: null,
    last_service_id: null,
  },
];

/** Free times of a service on a date: two vets every quarter of an hour from 11:15. */
export function slotsOf(service_id: string, date: string): readonly Slot[] {
  const service = services.find((one) => one.service_id === service_id) ?? services[0]!;
  return ['11:15', '11:30', '13:00', '13:30', '14:00'].map((time, index) => {
    const vet = staff[index % 2 === 0 ? 1 : 0]!;
    return {
      slot_id: uuid(9, Number(date.replaceAll('-', '')) * 10 + index),
      service_id: service.service_id,
      staff_id: vet.staff_id,
      staff_name: vet.name,
      starts_at: at(time, date),
      ends_at: at(plus(time, service.duration_minutes), date),
      date,
      time,
      available: true,
      capacity: 1,
      remaining: 1,
      price: service.price,
      currency: 'IDR',
      reason: null,
    };
  });
}

/** A row of the day as the detail endpoint shows it. */
export function bookingOf(row: DayRow): Booking {
  return {
    booking_id: row.booking_id ?? '',
    reference_code: row.reference_code ?? '',
    status: row.status ?? 'confirmed',
    clinic_id,
    clinic_code: 'BSD',
    service_id: row.service_id,
    service_name: row.service_name,
    slot_id: row.slot_id,
    staff_id: row.staff_id,
    staff_name: row.staff_name,
    starts_at: row.starts_at,
    ends_at: row.ends_at,
    date: DATE,
    time: row.time,
    duration_minutes: 30,
    user_id: row.user_id ?? '',
    owner_name: row.owner_name,
    owner_phone: row.owner_phone,
    pet_id: row.pet_id ?? '',
    pet_name: row.pet_name,
    species: row.species,
    quantity: 1,
    amount: row.amount,
    currency: row.currency,
    payment_state: row.payment_state ?? 'paid',
    arrived_at: row.arrived_at,
    version: row.version ?? 1,
    created_at: at('08:00', '2026-11-18'),
    reservation_id: row.reservation_id,
    payment_id: null,
    owner_email: null,
    notes: row.notes,
    cancellation_reason: null,
    pet_snapshot: {},
    service_snapshot: {},
    payments:
      row.payment_state === 'due'
        ? []
        : [
            {
              payment_id: uuid(5, 500),
              status: 'success',
              payment_method: 'card',
              amount: row.amount,
              currency: 'IDR',
              external_reference: null,
              paid_at: at('08:02', '2026-11-18'),
            },
          ],
    payment_attempts: [],
    refunds: [],
    history: [
      {
        action: 'booking.confirmed',
        status: 'confirmed',
        performed_by: null,
        performed_by_name: null,
        source: 'webhook',
        notes: null,
        at: at('08:02', '2026-11-18'),
        was: null,
        now: { status: 'confirmed', amount: row.amount },
      },
    ],
    messages: [
      {
        channel: 'email',
        type: 'booking_confirmed',
        status: 'sent',
        attempts: 1,
        last_error: null,
        sent_at: at('08:03', '2026-11-18'),
      },
    ],
  };
}

/** What the desk did and can still take back. */
export const journal: readonly JournalItem[] = [
  {
    booking_id: uuid(5, 7),
    reference_code: 'BP10000128',
    clinic_id: uuid(1, 1),
    action: 'arrived',
    at: at('10:40'),
    leaves_at: null,
    version: 1,
  },
  {
    booking_id: uuid(5, 900),
    reference_code: 'BP10000777',
    clinic_id: uuid(1, 1),
    action: 'cancelled',
    at: at('10:42'),
    leaves_at: at('10:45'),
    version: 3,
  },
];
