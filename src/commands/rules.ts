import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import type { CancellationPolicy } from '../domain/shapes-rules.ts';
import { callOptions, versionField } from './choice.ts';
import { type Context, say } from './context.ts';
import { clinicOf, serviceOf } from './lookup.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro clinics rules`, `clinics rules-set` and `services approval`. */

type Rules = Output<'get_booking_rules'>;

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30s`, `10m`, `24h`, `2d`. */
function timeOf(flag: string, text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (!match) {
    throw new AppError(
      'invalid_input',
      `${flag} takes a time such as 30s, 10m or 24h, not "${text}".`,
    );
  }
  const unit = match[2] === 's' || match[2] === 'm' || match[2] === 'h' ? match[2] : 'd';
  return Number(match[1]) * units[unit];
}

function timeText(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, size] =
    (['d', 'h', 'm'] as const)
      .map((name) => [name, units[name]] as const)
      .find(([name, each]) => ms % each === 0 && (name !== 'd' || ms > each)) ??
    (['s', units.s] as const);
  return `${ms / size}${unit}`;
}

/** `0:0,24:50,48+:100` reads: from 0 hours nothing, from 24 hours 50 %, with more than 48 all. */
export function policyOf(text: string): CancellationPolicy {
  return text.split(',').map((part) => {
    const match = /^(\d{1,4}(?:\.\d{1,2})?)h?(\+?):(\d{1,3})%?$/.exec(part.trim());
    if (!match) {
      throw new AppError('invalid_input', `--refunds: "${part}" is no tier of hours:percent.`, {
        next: '--refunds 0:0,24:50,48+:100',
      });
    }
    const hours = Number(match[1]);
    const percent = Number(match[3]);
    return match[2] === '+' ? { after_hours: hours, percent } : { from_hours: hours, percent };
  });
}

export function policyText(policy: CancellationPolicy): string {
  return policy
    .map((tier) =>
      'from_hours' in tier
        ? `from ${tier.from_hours} h ${tier.percent} %`
        : `more than ${tier.after_hours} h ${tier.percent} %`,
    )
    .join(', ');
}

function print(context: Context, rules: Rules): void {
  printOne(context, {
    kind: 'BookingRules',
    item: rules,
    csv: [
      'clinic_id',
      'hold_ms',
      'undo_ms',
      'approval_ms',
      'check_in_hours',
      'waitlist_offer_ms',
      'waitlist_notice_ms',
      'waitlist_misses',
      'overbooking_percent',
      'version',
    ],
    name: rules.clinic_id,
    lines: [
      ['holds', `stand for ${timeText(rules.hold_ms)}`],
      ['cancels', `can be undone for ${timeText(rules.undo_ms)}`],
      ['refunds', policyText(rules.cancellation_policy)],
      ['requests', `are answered within ${timeText(rules.approval_ms)}`],
      ['check-in', `from ${rules.check_in_hours} h before the visit`],
      ['offers', `to those who wait stand for ${timeText(rules.waitlist_offer_ms)}`],
      ['', `nothing sooner than ${timeText(rules.waitlist_notice_ms)} ahead`],
      ['', `off the list after ${rules.waitlist_misses} without an answer`],
      [
        'overbooking',
        rules.overbooking_percent === 0
          ? 'never'
          : `up to ${rules.overbooking_percent} % of a slot, at least one seat`,
      ],
      ['version', String(rules.version)],
    ],
  });
}

/** `petpro clinics rules` */
export async function showBookingRules(context: Context): Promise<undefined> {
  const session = openSession(context);
  const { clinic_id } = await clinicOf(session);
  print(context, await session.client.call('get_booking_rules', { clinic_id }));
}

function changesOf(args: Args) {
  const text = (name: string) => textOption(args, name);
  const [hold, undo, approval] = ['hold', 'undo', 'approval'].map(text);
  const check_in = text('check_in');
  const refunds = text('refunds');
  const [offer, notice] = ['offer', 'notice'].map(text);
  const misses = wholeOption(args, 'misses', 1, 100);
  const overbooking = wholeOption(args, 'overbooking', 0, 10);
  const changes = {
    ...(hold ? { hold_ms: timeOf('--hold', hold) } : {}),
    ...(undo ? { undo_ms: timeOf('--undo', undo) } : {}),
    ...(approval ? { approval_ms: timeOf('--approval', approval) } : {}),
    ...(check_in === null
      ? {}
      : { check_in_hours: Math.ceil(timeOf('--check-in', check_in) / units.h) }),
    ...(refunds === null ? {} : { cancellation_policy: policyOf(refunds) }),
    ...(offer ? { waitlist_offer_ms: timeOf('--offer', offer) } : {}),
    ...(notice ? { waitlist_notice_ms: timeOf('--notice', notice) } : {}),
    ...(misses === null ? {} : { waitlist_misses: misses }),
    ...(overbooking === null ? {} : { overbooking_percent: overbooking }),
  };
  if (Object.keys(changes).length > 0) return changes;
  throw new AppError('invalid_input', 'Say what changes.', {
    next: 'petpro clinics rules-set --help',
  });
}

/** `petpro clinics rules-set` */
export async function setBookingRules(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const { clinic_id } = await clinicOf(session);
  const wish = { clinic_id, ...changesOf(args), ...versionField(args) };
  print(context, await session.client.call('set_booking_rules', wish, callOptions(args)));
  say(context, 'What is held or booked already keeps the rules that it was made under.');
}

/** `petpro services approval` */
export async function setServiceApproval(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const [words = '', wish = ''] = args.positional;
  const service = serviceOf(clinic, words);
  if (wish !== 'on' && wish !== 'off') {
    throw new AppError('invalid_input', `Say on or off, not "${wish}".`, {
      next: `petpro services approval "${service.name}" on`,
    });
  }
  const { service_id } = service;
  const input = { service_id, requires_approval: wish === 'on' };
  const done = await session.client.call('set_service_approval', input, callOptions(args));
  printOne(context, {
    kind: 'ServiceApproval',
    item: done,
    csv: ['service_id', 'requires_approval'],
    name: done.service_id,
    lines: [
      [service.name, done.requires_approval ? 'waits for the clinic’s yes' : 'is booked at once'],
    ],
  });
}
