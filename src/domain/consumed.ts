import { z } from 'zod';

/** Events of other services, as seed 002 (Consumed Events) has them. docs/integrations.md */

const id = z.uuid();
const text = (max: number) => z.string().min(1).max(max);
const maybe = (max: number) => z.string().max(max).nullable();

/** The whole of what each event tells: a part would make the order of arrival matter. */
const bodies = {
  'user.updated': z.object({
    user_id: id,
    full_name: text(200),
    email: maybe(254),
    phone_number: maybe(40),
  }),
  'pet.updated': z.object({
    pet_id: id,
    name: text(80),
    species: maybe(40),
    breed: maybe(80),
    /** Not in the seed; a pet that we have not heard of needs it. */
    user_id: id.optional(),
  }),
  'clinic.updated': z.object({
    clinic_id: id,
    name: text(120),
    address: maybe(300),
    phone_number: maybe(40),
  }),
  'service.updated': z.object({
    service_id: id,
    clinic_id: id,
    name: text(120),
    price: z.union([
      z.string().regex(/^\d{1,12}(\.\d{1,3})?$/),
      z.number().int().min(0).transform(String),
    ]),
    duration_minutes: z.number().int().min(1).max(1_440),
    is_available: z.boolean(),
  }),
  'payment.status_changed': z.object({
    payment_id: id,
    external_reference: maybe(200).optional(),
  }),
} as const;

export type ConsumedType = keyof typeof bodies;

const keys: { readonly [T in ConsumedType]: string } = {
  'user.updated': 'user_id',
  'pet.updated': 'pet_id',
  'clinic.updated': 'clinic_id',
  'service.updated': 'service_id',
  'payment.status_changed': 'payment_id',
};

const Head = z.object({
  event_type: z.string().max(100),
  event_id: z.string().min(1).max(200).optional(),
  version: z.number().int().min(0).optional(),
});

export type ConsumedEvent = {
  readonly event_id: string;
  readonly event_type: ConsumedType;
  readonly thing_id: string;
  readonly occurred_at: string;
  readonly version: number | null;
  readonly data: Readonly<Record<string, unknown>>;
};

export type ReadEvent =
  | { readonly kind: 'event'; readonly event: ConsumedEvent }
  /** Of no interest here. */
  | { readonly kind: 'other'; readonly event_type: string }
  | {
      readonly kind: 'poison';
      readonly event_id: string;
      readonly event_type: string;
      readonly reason: string;
    };

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isConsumed(type: string): type is ConsumedType {
  return Object.hasOwn(bodies, type);
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue ? `${issue.path.join('.') || 'event'}: ${issue.message}` : 'it has the wrong form';
}

function instantOf(value: unknown): string | null {
  try {
    return typeof value === 'string' ? Temporal.Instant.from(value).toString() : null;
  } catch {
    return null;
  }
}

/** Reads what stands in the stream; `fallback_id` names an event that has no id of its own. */
export function readConsumed(raw: string, fallback_id: string): ReadEvent {
  const poison = (event_type: string, reason: string, event_id = fallback_id): ReadEvent => ({
    kind: 'poison',
    event_id,
    event_type,
    reason,
  });
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return poison('unknown', 'no valid JSON');
  }
  if (!isObject(value)) return poison('unknown', 'no object');
  const head = Head.safeParse(value);
  if (!head.success) return poison('unknown', firstIssue(head.error));
  const { event_type, event_id = fallback_id, version = null } = head.data;
  if (!isConsumed(event_type)) return { kind: 'other', event_type };
  if (raw.includes('\\u0000') || !raw.isWellFormed()) {
    return poison(event_type, 'text that cannot be stored', event_id);
  }
  const { payload } = value;
  // Flat as the seed has it, or with the fields in `payload` as our own events.
  const fields = isObject(payload) ? payload : value;
  const body = bodies[event_type].safeParse(fields);
  if (!body.success) return poison(event_type, firstIssue(body.error), event_id);
  const said = value['occurred_at'] ?? fields['updated_at'] ?? fields['changed_at'];
  const occurred_at = instantOf(said);
  if (occurred_at === null) return poison(event_type, 'no time of the change', event_id);
  const data: Readonly<Record<string, unknown>> = body.data;
  const thing_id = String(data[keys[event_type]]);
  const event = { event_id, event_type, thing_id, occurred_at, version, data };
  return { kind: 'event', event };
}
