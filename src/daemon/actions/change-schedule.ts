import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import type { Db } from '../store/db.ts';
import {
  addException,
  findSchedule,
  rehearse,
  removeException,
  setHoliday as setHolidayRow,
  setHours,
  setRules,
} from '../store/schedules.ts';
import { assertClinic, dbActor } from './actor.ts';
import { addDays, runGeneration } from './generate-slots.ts';
import { failure } from './outcome.ts';
import { clinicToday, headOf } from './schedules.ts';

/** Who changes hours sees at once what that does to the slots; a dry run does it and takes it back. */

type Report = Output<'generate_slots'>;

const DAYS_MAX = 400;

const absent = () =>
  new AppError('not_found', 'There is no such clinic, or it has no such vet, service or room.');

async function follow<T extends object>(
  app: App,
  wish: { readonly clinic_id: string; readonly dry_run: boolean },
  write: (db: Db) => Promise<T>,
): Promise<Report & T> {
  const run = { clinic_id: wish.clinic_id, until: null, dry_run: wish.dry_run, is_request: true };
  const work = async (db: Db) => {
    const written = await write(db);
    const report = await runGeneration(db, run);
    if (!report) throw absent();
    return { ...report, ...written };
  };
  return wish.dry_run ? await rehearse(app.sql, work) : await work(app.sql);
}

/** Hours or breaks of some weekdays; slots follow at once, visits stay. */
export async function setScheduleHours(
  app: App,
  actor: Actor,
  input: Input<'set_schedule_hours'>,
): Promise<Report> {
  assertClinic(actor, input.clinic_id);
  const { service_id, kind, valid_from, valid_to } = input;
  if (kind === 'break' && service_id !== undefined) {
    throw new AppError('invalid_input', 'A break is of the clinic or of a vet, not of a service.', {
      errors: [{ path: 'body.service_id', message: 'Leave it out for a break' }],
    });
  }
  if (valid_from !== undefined && valid_to !== undefined && valid_from > valid_to) {
    throw new AppError('invalid_input', 'The last day lies before the first.', {
      errors: [{ path: 'body.valid_to', message: 'Give a day from valid_from on' }],
    });
  }
  return await follow(app, input, async (db) => {
    const { outcome, rule, version } = await setHours(db, input, dbActor(actor));
    if (outcome === 'not_found') throw absent();
    if (outcome === 'conflict') {
      const next = 'petpro schedule show';
      throw failure('conflict', { next, ...(version === null ? {} : { version }) });
    }
    if (outcome !== 'ok') {
      throw failure(outcome, { rule }, 'A clinic has 5000 rows of hours at most.');
    }
    return {};
  });
}

/** What is asked around hours: of the clinic, or of one service. */
export async function setScheduleRules(
  app: App,
  actor: Actor,
  input: Input<'set_schedule_rules'>,
): Promise<Report> {
  assertClinic(actor, input.clinic_id);
  const of_service = ['buffer_before_minutes', 'buffer_after_minutes'] as const;
  const of_clinic = ['country', 'region', 'holiday_policy'] as const;
  const foreign = (input.service_id === undefined ? of_service : of_clinic).find(
    (name) => input[name] !== undefined,
  );
  if (foreign !== undefined) {
    const whose = input.service_id === undefined ? 'a service' : 'the clinic';
    throw new AppError('invalid_input', `${foreign} belongs to ${whose}.`, {
      errors: [{ path: `body.${foreign}`, message: `A rule of ${whose}` }],
    });
  }
  if (input.service_id === undefined && input.min_notice_minutes === null) {
    throw new AppError('invalid_input', 'The notice of a clinic is a number; 0 is none.', {
      errors: [{ path: 'body.min_notice_minutes', message: 'Give a number' }],
    });
  }
  return await follow(app, input, async (db) => {
    const { outcome } = await setRules(db, input, dbActor(actor));
    if (outcome !== 'ok') throw absent();
    return {};
  });
}

/** One date that is closed or has other hours. */
export async function addScheduleException(
  app: App,
  actor: Actor,
  input: Input<'add_schedule_exception'>,
): Promise<Output<'add_schedule_exception'>> {
  const head = await headOf(app, actor, input.clinic_id);
  if (input.date < clinicToday(head)) {
    throw new AppError('invalid_input', `${input.date} is over.`, {
      errors: [{ path: 'body.date', message: 'Give a day from today on' }],
    });
  }
  return await follow(app, input, async (db) => {
    const { outcome, exception_id } = await addException(db, input, dbActor(actor));
    if (outcome === 'not_found') throw absent();
    if (outcome !== 'ok') {
      const next = 'petpro schedule exception list';
      throw failure('conflict', { next }, 'That date has such an exception already.');
    }
    return { exception_id: input.dry_run ? null : exception_id };
  });
}

/** A date is as its weekday again. */
export async function removeScheduleException(
  app: App,
  actor: Actor,
  { exception_id }: Input<'remove_schedule_exception'>,
): Promise<Report> {
  const { outcome, clinic_id } = await removeException(app.sql, exception_id, dbActor(actor));
  if (outcome !== 'ok') throw new AppError('not_found', 'There is no such exception.');
  return await follow(app, { clinic_id, dry_run: false }, async () => ({}));
}

/** A clinic's own word about a date. */
export async function setHoliday(
  app: App,
  actor: Actor,
  input: Input<'set_holiday'>,
): Promise<Report> {
  assertClinic(actor, input.clinic_id);
  return await follow(app, input, async (db) => {
    const { outcome } = await setHolidayRow(db, input, dbActor(actor));
    if (outcome !== 'ok') throw absent();
    return {};
  });
}

/** Makes the slots that the hours ask for, now. */
export async function generateSlots(
  app: App,
  actor: Actor,
  input: Input<'generate_slots'>,
): Promise<Report> {
  const head = await headOf(app, actor, input.clinic_id);
  const { until = null } = input;
  const today = clinicToday(head);
  if (until !== null && (until < today || until > addDays(today, DAYS_MAX))) {
    throw new AppError('invalid_input', `Slots are made from today to ${DAYS_MAX} days ahead.`, {
      errors: [{ path: 'body.until', message: `From ${today} to ${addDays(today, DAYS_MAX)}` }],
    });
  }
  const report = await runGeneration(app.sql, { ...input, until, is_request: true });
  if (!report) throw absent();
  const known = await findSchedule(app.sql, input.clinic_id);
  return { ...report, version: known?.version ?? report.version };
}
