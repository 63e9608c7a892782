import {
  addScheduleException,
  generateSlots,
  removeScheduleException,
  setHoliday,
  setScheduleHours,
  setScheduleRules,
} from '../actions/change-schedule.ts';
import { openSlots } from '../actions/open-slots.ts';
import {
  getSchedule,
  lintClinicSchedule,
  listHolidays,
  listScheduleExceptions,
} from '../actions/schedules.ts';

/** What answers the endpoints of api-schedules.ts. */
export const schedule_actions = {
  get_schedule: getSchedule,
  set_schedule_hours: setScheduleHours,
  set_schedule_rules: setScheduleRules,
  list_schedule_exceptions: listScheduleExceptions,
  add_schedule_exception: addScheduleException,
  remove_schedule_exception: removeScheduleException,
  list_holidays: listHolidays,
  set_holiday: setHoliday,
  lint_schedule: lintClinicSchedule,
  generate_slots: generateSlots,
  open_slots: openSlots,
};
