import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { EventEnvelope, FeedFilter } from '../../domain/events.ts';
import {
  filterTest,
  hopelessPatterns,
  hopelessText,
  patterns_max,
  readPatterns,
} from '../../domain/feed-filter.ts';
import { type Role, seesPersonalData } from '../../domain/roles.ts';
import { authorize, type Principal } from './auth.ts';

const types_length_max = 500;

const Types = z
  .string()
  .max(types_length_max)
  .transform(readPatterns)
  .superRefine((patterns, context) => {
    if (patterns.length > patterns_max) {
      context.addIssue({ code: 'custom', message: `more than ${patterns_max} kinds` });
      return;
    }
    const hopeless = hopelessPatterns(patterns);
    if (hopeless.length > 0) context.addIssue({ code: 'custom', message: hopelessText(hopeless) });
  });

/** What may be asked for in the address, and again in a message. */
const asked = {
  types: Types.optional(),
  clinic_id: z.uuid().optional(),
  aggregate_id: z.uuid().optional(),
  /** `watch`: tell me who looks at the board; `board`: and count me among them. */
  presence: z.enum(['watch', 'board']).optional(),
};
const sequence_max = Number.MAX_SAFE_INTEGER;
const Query = z.strictObject({
  ...asked,
  after: z.coerce.number().int().min(0).max(sequence_max).optional(),
});
const Message = z.strictObject({
  ...asked,
  type: z.literal('subscribe'),
  after: z.number().int().min(0).max(sequence_max).optional(),
});
const AuthMessage = z.strictObject({ type: z.literal('auth'), token: z.string().max(8_192) });

export type Asked = z.output<typeof Query>;

function refusal(error: z.ZodError, where: string): AppError {
  const errors = error.issues.map((issue) => ({
    path: [where, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  const [first] = errors;
  const why = first === undefined ? '' : ` ${first.path}: ${first.message}`;
  return new AppError('invalid_input', `The filter of the feed is not valid.${why}`, { errors });
}

/** The filter in the address; throws `invalid_input`. */
export function readQuery(query: unknown): Asked {
  const parsed = Query.safeParse(query);
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error, 'query');
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid_input', 'A message to the feed is JSON.', {}, { cause });
  }
}

/** A later message of a client: a new filter. Throws `invalid_input`. */
export function readMessage(text: string): Asked {
  const parsed = Message.safeParse(parsedJson(text));
  if (!parsed.success) throw refusal(parsed.error, 'message');
  const { type: _, ...rest } = parsed.data;
  return rest;
}

/** The token of a first message, or null when it is none. */
export function readAuth(text: string): string | null {
  try {
    return AuthMessage.parse(JSON.parse(text)).token;
  } catch {
    return null;
  }
}

/** What one client may and wants to see. */
export type View = {
  readonly filter: FeedFilter;
  readonly wants: (event: EventEnvelope) => boolean;
  readonly is_masked: boolean;
  readonly role: Role;
  readonly presence: 'watch' | 'board' | null;
  /** When the token ends by itself, in epoch milliseconds; null = not known. */
  readonly ends_at_ms: number | null;
};

/** Operators of one clinic never see another: their clinic is part of every filter. */
export function viewOf(principal: Principal, wanted: Asked): View {
  authorize(principal, 'view');
  const { clinic_id: own, role, expires_at } = principal;
  if (own !== null && wanted.clinic_id !== undefined && wanted.clinic_id !== own) {
    throw new AppError('forbidden', 'This key belongs to another clinic.');
  }
  const filter: FeedFilter = {
    types: wanted.types ?? [],
    clinic_id: own ?? wanted.clinic_id ?? null,
    aggregate_id: wanted.aggregate_id ?? null,
  };
  if (wanted.presence !== undefined && filter.clinic_id === null) {
    throw new AppError('invalid_input', 'Presence is of one clinic: name it by clinic_id.');
  }
  return {
    filter,
    wants: filterTest(filter),
    is_masked: !seesPersonalData(role),
    role,
    presence: wanted.presence ?? null,
    ends_at_ms: expires_at?.epochMilliseconds ?? null,
  };
}
