import { AppError, type Json } from '../domain/errors.ts';
import { parseWhen } from '../domain/when.ts';
import type { Context } from './context.ts';
import {
  isId,
  type Owner,
  ownerOf,
  type Pet,
  petOf,
  type Service,
  serviceOf,
  staffOf,
  whenContext,
} from './lookup.ts';
import { servicesFlag, severalServices } from './rows.ts';
import type { Clinic, Session } from './session.ts';
import { findSlot, slotIdOf } from './slot-id.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** What a hold or a booking is for: owner, pet, service and slot, found from the words of the flags. */
export type Choice = {
  readonly owner: Owner;
  /** Null where nobody has to know for whom: at salons and venues. */
  readonly pet: Pet | null;
  /** Of several services the first, under the names of all. */
  readonly service: Service;
  /** The flag that names the service or services again. */
  readonly flag: string;
  /** The fields that the API takes. */
  readonly request: {
    readonly service_id?: string;
    readonly pet_id?: string;
    readonly seats?: readonly string[];
    readonly seat_preference?: 'together' | 'front';
    readonly user_id: string;
    readonly slot_id?: string;
    readonly date?: string;
    readonly time?: string;
    readonly staff_id?: string;
    readonly quantity?: number;
    readonly tier?: string;
    readonly items?: readonly {
      readonly service_id?: string;
      readonly tier?: string;
      readonly quantity?: number;
    }[];
  };
};

const SEATS_MAX = 50;

/** The slot that a booking is to be moved to: --to or --slot. */
export async function newSlotFields(
  session: Session,
  clinic: Clinic,
  service: Service,
  args: Args,
) {
  return await slotFields(session, clinic, service, args, 'to');
}

/** The slot of --at or --slot, as the fields that the API takes. */
export async function slotFields(
  session: Session,
  clinic: Clinic,
  service: Service,
  args: Args,
  flag: 'at' | 'to' = 'at',
) {
  const slot = textOption(args, 'slot');
  const at = textOption(args, flag);
  if ((slot === null) === (at === null)) {
    throw new AppError(
      'invalid_input',
      `Say the time with --${flag} "fri 11:15", or the slot with --slot.`,
      {
        next: `petpro slots list --service "${service.name}" --date fri`,
      },
    );
  }
  if (slot !== null) {
    return { slot_id: await slotIdOf(session, clinic, slot, [service]) };
  }
  const { date, time } = parseWhen(at ?? '', whenContext(clinic));
  if (time === null) {
    throw new AppError('invalid_input', `"${at}" reads as ${date}, without a time.`, {
      next: `petpro slots list --service "${service.name}" --date ${date}`,
    });
  }
  const staff = staffOf(clinic, textOption(args, 'vet'));
  return { date, time, ...(staff ? { staff_id: staff.staff_id } : {}) };
}

/** The service that --service names or --slot belongs to; the slot's id where it was looked for. */
async function oneService(session: Session, clinic: Clinic, args: Args) {
  const words = textOption(args, 'service');
  if (words !== null) return { service: serviceOf(clinic, words), slot_id: null };
  const slot = textOption(args, 'slot');
  if (slot !== null) return await findSlot(session, clinic, slot);
  throw new AppError(
    'invalid_input',
    'Say --service, --services for several in a row, or --slot.',
    { next: 'petpro slots list' },
  );
}

export async function choose(session: Session, clinic: Clinic, args: Args): Promise<Choice> {
  const services = severalServices(clinic, args);
  const [first] = services ?? [];
  const { service, slot_id } = first
    ? { service: first, slot_id: null }
    : await oneService(session, clinic, args);
  const is_known = slot_id !== null && textOption(args, 'at') === null;
  // Read before anybody is asked: a day that cannot be understood costs no request.
  const [slot, owner] = await Promise.all([
    is_known ? { slot_id } : slotFields(session, clinic, service, args),
    ownerOf(session, textOption(args, 'owner') ?? ''),
  ]);
  const named_pet = textOption(args, 'pet');
  const pet = clinic.kind !== 'clinic' && named_pet === null ? null : petOf(owner, named_pet);
  const quantity = wholeOption(args, 'quantity', 1, SEATS_MAX);
  const request = {
    ...(services === null ? { service_id: service.service_id } : {}),
    ...(pet === null ? {} : { pet_id: pet.pet_id }),
    user_id: owner.user_id,
    ...slot,
    ...(quantity === null ? {} : { quantity }),
    ...tierFields(args),
    ...seatFields(args),
    ...(services === null ? {} : { items: services.map(({ service_id }) => ({ service_id })) }),
  };
  if (services === null) {
    return { owner, pet, service, flag: `--service "${service.name}"`, request };
  }
  const name = services.map((one) => one.name).join(' + ');
  return { owner, pet, service: { ...service, name }, flag: servicesFlag(services), request };
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A lost slot, with the command that takes the nearest free one; a slot that is none, with those that are. */
export function withNextSlot(error: unknown, command: string, choice: Choice): unknown {
  const near = withNearestSlot(error, `${command} .. --at`);
  if (!(near instanceof AppError) || near.facts['next'] !== undefined) return near;
  // A server in a hurry says that the slot is gone without naming others.
  const is_lost = near.code === 'slot_taken' || near.code === 'slot_locked';
  const { date } = choice.request;
  if (!is_lost && (near.code !== 'invalid_slot' || date === undefined)) return near;
  const when = date === undefined ? '' : ` --date ${date}`;
  return withNext(near, `petpro slots list ${choice.flag}${when}`);
}

const withNext = (error: AppError, next: string) =>
  new AppError(error.code, error.detail, { ...error.facts, next }, { cause: error });

/** A lost slot, with the command (as far as the time) that takes the nearest free one. */
export function withNearestSlot(error: unknown, command: string): unknown {
  if (!(error instanceof AppError) || error.facts['next'] !== undefined) return error;
  const { nearest } = error.facts;
  const first = Array.isArray(nearest) ? nearest[0] : undefined;
  if (isRecord(first) && typeof first['date'] === 'string' && typeof first['time'] === 'string') {
    return withNext(error, `petpro ${command} "${first['date']} ${first['time']}"`);
  }
  return error;
}

/** --tier or --items, as the fields that the API takes. */
export function tierFields(args: Args): {
  readonly tier?: string;
  readonly items?: readonly { readonly tier: string; readonly quantity: number }[];
} {
  const tier = textOption(args, 'tier');
  const text = textOption(args, 'items');
  if (tier !== null && text !== null) {
    throw new AppError('invalid_input', 'Give --tier for all seats, or --items, not both.');
  }
  if (tier !== null) return { tier };
  if (text === null) return {};
  const items = text.split(',').map((part) => {
    const match = /^([^:]+):(\d{1,2})$/.exec(part.trim());
    if (match) return { tier: match[1]?.trim() ?? '', quantity: Number(match[2]) };
    throw new AppError('invalid_input', `--items takes Adult:2,Child:1; not "${part}".`);
  });
  return { items };
}

/** Whom a booking is for, in words: the pet where one is named, and its owner. */
export function guestText({ pet, owner }: Pick<Choice, 'pet' | 'owner'>): string {
  return pet === null ? owner.full_name : `${pet.name}, ${owner.full_name}`;
}

/** --seats, --together or --front, as the fields that the API takes. */
function seatFields(args: Args): {
  readonly seats?: readonly string[];
  readonly seat_preference?: 'together' | 'front';
} {
  const text = textOption(args, 'seats');
  const wishes = (['together', 'front'] as const).filter((name) => flagOption(args, name));
  const [seat_preference] = wishes;
  if (wishes.length + (text === null ? 0 : 1) > 1) {
    throw new AppError('invalid_input', 'Say one of --seats, --together and --front.');
  }
  if (text !== null) return { seats: text.split(',').map((label) => label.trim()) };
  return seat_preference === undefined ? {} : { seat_preference };
}

/** The flags of a mutation that go beside the request. */
export function callOptions(args: Args): { readonly idempotency_key?: string } {
  const key = textOption(args, 'idempotency_key');
  return key === null ? {} : { idempotency_key: key };
}

/** `--if-version`, as the field that the API takes. */
export function versionField(args: Args): { readonly expected_version?: number } {
  const version = wholeOption(args, 'if_version', 0, 999_999_999);
  return version === null ? {} : { expected_version: version };
}

/** `bp1000 0127` and `BP10000127` are one reference; anything else passes unchanged. */
export function referenceOf(text: string): string {
  const packed = text.replace(/[\s-]/g, '').toUpperCase();
  return /^BP\d{8}$/.test(packed) ? packed : text;
}

/** The first word after the command; commander has made sure of it. */
export function firstWord(args: Args): string {
  return args.positional[0] ?? '';
}

/** The reference of a booking from the command line, or a clear refusal before the server is asked. */
export function bookingRef(args: Args): string {
  const reference = referenceOf(firstWord(args));
  if (/^BP\d{8}$/.test(reference) || isId(reference)) return reference;
  throw new AppError(
    'invalid_input',
    `"${firstWord(args)}" is no reference: they look like BP10000127.`,
    {
      next: `petpro find "${firstWord(args)}"`,
    },
  );
}

/** Where a command prints only for people: a word of what happened. */
export function isForPeople(context: Context): boolean {
  return context.mode === 'table' || context.mode === 'wide';
}
