import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Alias, alsoAs, inOurWords } from '../../domain/aliases.ts';
import { type Endpoint, type EndpointName, endpoints } from '../../domain/api.ts';
import type { StreamName } from '../../domain/api-attachments.ts';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { decideApproval, listApprovals } from '../actions/approvals.ts';
import { sweepAttachments } from '../actions/attachment-sweep.ts';
import { deleteAttachment, listAttachments } from '../actions/attachments.ts';
import { getBookingRules, setBookingRules, setServiceApproval } from '../actions/booking-rules.ts';
import { getBookingCalendar, getCalendar, syncCalendar } from '../actions/calendar.ts';
import {
  createCalendarLink,
  listCalendarLinks,
  revokeCalendarLink,
} from '../actions/calendar-links.ts';
import { cancelBooking } from '../actions/cancel-booking.ts';
import { cancelReservation } from '../actions/cancel-reservation.ts';
import { countCash, getCashUp } from '../actions/cash-up.ts';
import { cancelSeries, moveSeries } from '../actions/change-series.ts';
import { checkIn } from '../actions/check-in.ts';
import { cleanupLocks } from '../actions/cleanup-locks.ts';
import { confirmReservation } from '../actions/confirm-reservation.ts';
import { createBooking } from '../actions/create-booking.ts';
import { createOwner } from '../actions/create-owner.ts';
import { createPayment } from '../actions/create-payment.ts';
import { createPaymentSession } from '../actions/create-payment-session.ts';
import { createReservation } from '../actions/create-reservation.ts';
import { createSeries } from '../actions/create-series.ts';
import {
  discardDeliveries,
  inspectDelivery,
  listChannels,
  listDeliveries,
  listDeliveryErrors,
  pauseChannel,
  resumeChannel,
  retryDeliveries,
} from '../actions/deliveries.ts';
import { extendReservation } from '../actions/extend-reservation.ts';
import { fillAlias } from '../actions/fill-alias.ts';
import { getBooking } from '../actions/get-booking.ts';
import { getClinic } from '../actions/get-clinic.ts';
import { getDay } from '../actions/get-day.ts';
import { getMe } from '../actions/get-me.ts';
import { getOwner } from '../actions/get-owner.ts';
import { getPayment } from '../actions/get-payment.ts';
import { getReceipt } from '../actions/get-receipt.ts';
import { getReservation } from '../actions/get-reservation.ts';
import { getTickets } from '../actions/get-tickets.ts';
import { getWeek } from '../actions/get-week.ts';
import { createGroupBooking, setParticipants } from '../actions/group-bookings.ts';
import { inspectLock } from '../actions/inspect-lock.ts';
import { inspectJobs, listJobs } from '../actions/jobs.ts';
import { listBookings } from '../actions/list-bookings.ts';
import { listClinics } from '../actions/list-clinics.ts';
import { listLocks } from '../actions/list-locks.ts';
import { listRows } from '../actions/list-rows.ts';
import { listServices } from '../actions/list-services.ts';
import { listSlots } from '../actions/list-slots.ts';
import { listEntries, listInbox, listPayments, settleInboxItem } from '../actions/money.ts';
import { getMoneyReport } from '../actions/money-report.ts';
import {
  addPushDevice,
  getPreferences,
  getPushKey,
  listNotifications,
  previewMessage,
  readNotification,
  removePushDevice,
  resendBooking,
  sendNotification,
  setPreferences,
} from '../actions/notifications.ts';
import { inspectEvent, listOutbox, listOutboxErrors } from '../actions/outbox.ts';
import { setOverbooking } from '../actions/overbooking.ts';
import {
  discardParkedEvent,
  listParkedEvents,
  retryParkedEvent,
} from '../actions/parked-events.ts';
import { payBooking } from '../actions/pay-booking.ts';
import { listPaymentMethods, removePaymentMethod } from '../actions/payment-methods.ts';
import {
  getMoneyRules,
  listPrices,
  quoteSlot,
  setMoneyRules,
  setPrice,
  withdrawPrice,
} from '../actions/prices.ts';
import { reconcile } from '../actions/reconcile.ts';
import {
  completeRefund,
  createRefund,
  decideRefund,
  listRefunds,
  retryRefund,
} from '../actions/refunds.ts';
import { releaseLock } from '../actions/release-lock.ts';
import {
  listReminderRules,
  listReminders,
  runReminders,
  setReminderRule,
  skipReminder,
} from '../actions/reminders.ts';
import { listReplays, pruneOutbox, replayOutbox, stopReplay } from '../actions/replay-outbox.ts';
import { getReport } from '../actions/reports.ts';
import { rescheduleBooking } from '../actions/reschedule-booking.ts';
import { listRetention, runRetention, setRetentionRule } from '../actions/retention.ts';
import { retryOutbox } from '../actions/retry-outbox.ts';
import {
  createReview,
  decideReview,
  editReview,
  listReviews,
  replyReview,
} from '../actions/reviews.ts';
import { searchOwners } from '../actions/search-owners.ts';
import { getSeatPlan, getSlotSeats, setSeatPlan } from '../actions/seat-plans.ts';
import { getSeries, listSeries } from '../actions/series.ts';
import { setBookingStatus } from '../actions/set-booking-status.ts';
import { createSettlement, getSettlement, listSettlements } from '../actions/settlements.ts';
import { endTimeOff, listTimeOff, takeTimeOff } from '../actions/time-off.ts';
import { traceBooking } from '../actions/trace-booking.ts';
import { listUndoable, undoBooking } from '../actions/undo-booking.ts';
import { getWaitlistEntry, joinWaitlist, listWaitlist } from '../actions/waitlist.ts';
import {
  acceptOffer,
  declineOffer,
  leaveWaitlist,
  offerWaitlistSlot,
} from '../actions/waitlist-answers.ts';
import {
  createWebhook,
  getWebhook,
  listWebhookDeliveries,
  listWebhooks,
  replayWebhook,
  rotateWebhook,
  setWebhook,
  testWebhook,
} from '../actions/webhook-endpoints.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { addressesOf, routePattern } from './addresses.ts';
import type { Admit } from './admission.ts';
import { runOnce } from './idempotency.ts';
import { ops_actions } from './ops-routes.ts';
import { fieldNames, inputParser } from './parse.ts';
import { isExpected, sendRefusal } from './problem.ts';
import { documentHeaders, documentOf, withFormat } from './receipt-document.ts';
import { idempotencyKey } from './request-info.ts';
import { schedule_actions } from './schedule-routes.ts';
import { serializer } from './serialize.ts';
import { tagger } from './tagged.ts';

/** Those that need raw bytes have routes of their own (webhook.ts, attachment-routes.ts). */
type RouteName = Exclude<EndpointName, 'take_payment_event' | StreamName>;

type Action<N extends EndpointName> = (
  app: App,
  actor: Actor,
  input: Input<N>,
  call: Call,
) => Promise<Output<N>>;

const actions: { readonly [N in RouteName]: Action<N> } = {
  get_me: getMe,
  list_clinics: listClinics,
  get_clinic: getClinic,
  list_services: listServices,
  get_day: getDay,
  list_slots: listSlots,
  list_rows: listRows,
  get_week: getWeek,
  search_owners: searchOwners,
  get_owner: getOwner,
  create_owner: createOwner,
  create_reservation: createReservation,
  get_reservation: getReservation,
  extend_reservation: extendReservation,
  confirm_reservation: confirmReservation,
  cancel_reservation: cancelReservation,
  create_booking: createBooking,
  list_bookings: listBookings,
  get_booking: getBooking,
  cancel_booking: cancelBooking,
  set_booking_status: setBookingStatus,
  reschedule_booking: rescheduleBooking,
  undo_booking: undoBooking,
  list_undoable: listUndoable,
  trace_booking: traceBooking,
  get_tickets: getTickets,
  check_in: checkIn,
  take_time_off: takeTimeOff,
  create_series: createSeries,
  list_series: listSeries,
  get_series: getSeries,
  move_series: moveSeries,
  cancel_series: cancelSeries,
  create_group_booking: createGroupBooking,
  set_participants: setParticipants,
  list_time_off: listTimeOff,
  end_time_off: endTimeOff,
  ...schedule_actions,
  join_waitlist: joinWaitlist,
  list_waitlist: listWaitlist,
  get_waitlist_entry: getWaitlistEntry,
  leave_waitlist: leaveWaitlist,
  offer_waitlist_slot: offerWaitlistSlot,
  accept_offer: acceptOffer,
  decline_offer: declineOffer,
  get_booking_rules: getBookingRules,
  set_booking_rules: setBookingRules,
  set_overbooking: setOverbooking,
  get_slot_seats: getSlotSeats,
  get_seat_plan: getSeatPlan,
  set_seat_plan: setSeatPlan,
  set_service_approval: setServiceApproval,
  create_review: createReview,
  edit_review: editReview,
  list_reviews: listReviews,
  decide_review: decideReview,
  reply_review: replyReview,
  list_reminders: listReminders,
  run_reminders: runReminders,
  skip_reminder: skipReminder,
  list_reminder_rules: listReminderRules,
  set_reminder_rule: setReminderRule,
  get_calendar: getCalendar,
  get_booking_calendar: getBookingCalendar,
  sync_calendar: syncCalendar,
  create_calendar_link: createCalendarLink,
  list_calendar_links: listCalendarLinks,
  revoke_calendar_link: revokeCalendarLink,
  list_notifications: listNotifications,
  send_notification: sendNotification,
  read_notification: readNotification,
  get_preferences: getPreferences,
  set_preferences: setPreferences,
  get_push_key: getPushKey,
  add_push_device: addPushDevice,
  remove_push_device: removePushDevice,
  resend_booking: resendBooking,
  preview_message: previewMessage,
  list_deliveries: listDeliveries,
  list_delivery_errors: listDeliveryErrors,
  inspect_delivery: inspectDelivery,
  retry_deliveries: retryDeliveries,
  discard_deliveries: discardDeliveries,
  list_channels: listChannels,
  pause_channel: pauseChannel,
  resume_channel: resumeChannel,
  list_attachments: listAttachments,
  delete_attachment: deleteAttachment,
  sweep_attachments: sweepAttachments,
  list_locks: listLocks,
  inspect_lock: inspectLock,
  release_lock: releaseLock,
  cleanup_locks: cleanupLocks,
  list_outbox: listOutbox,
  list_outbox_errors: listOutboxErrors,
  inspect_event: inspectEvent,
  retry_outbox: retryOutbox,
  replay_outbox: replayOutbox,
  list_replays: listReplays,
  stop_replay: stopReplay,
  prune_outbox: pruneOutbox,
  reconcile,
  list_retention: listRetention,
  set_retention: setRetentionRule,
  run_retention: runRetention,
  ...ops_actions,
  get_report: getReport,
  get_money_report: getMoneyReport,
  list_jobs: listJobs,
  inspect_jobs: inspectJobs,
  list_prices: listPrices,
  set_price: setPrice,
  withdraw_price: withdrawPrice,
  quote_slot: quoteSlot,
  get_money_rules: getMoneyRules,
  set_money_rules: setMoneyRules,
  list_payments: listPayments,
  get_payment: getPayment,
  list_entries: listEntries,
  list_inbox: listInbox,
  settle_inbox_item: settleInboxItem,
  create_payment: createPayment,
  create_payment_session: createPaymentSession,
  list_payment_methods: listPaymentMethods,
  remove_payment_method: removePaymentMethod,
  list_approvals: listApprovals,
  decide_approval: decideApproval,
  list_refunds: listRefunds,
  create_refund: createRefund,
  decide_refund: decideRefund,
  complete_refund: completeRefund,
  retry_refund: retryRefund,
  pay_booking: payBooking,
  get_receipt: getReceipt,
  get_cash_up: getCashUp,
  count_cash: countCash,
  create_settlement: createSettlement,
  list_settlements: listSettlements,
  get_settlement: getSettlement,
  list_webhooks: listWebhooks,
  create_webhook: createWebhook,
  get_webhook: getWebhook,
  set_webhook: setWebhook,
  rotate_webhook: rotateWebhook,
  test_webhook: testWebhook,
  replay_webhook: replayWebhook,
  list_webhook_deliveries: listWebhookDeliveries,
  list_parked_events: listParkedEvents,
  retry_parked_event: retryParkedEvent,
  discard_parked_event: discardParkedEvent,
};

function isReplay(output: unknown): boolean {
  return typeof output === 'object' && output !== null && Reflect.get(output, 'replayed') === true;
}

/** The answer with fields of it once more under the names of an alias: of the text, so nothing else can leave. */
function withMore(text: string, alias: Alias): string {
  const more = alsoAs(alias, JSON.parse(text));
  return `${text.slice(0, -1)},${JSON.stringify(more).slice(1)}`;
}

/** One endpoint as a request handler: parse, run (once per key where asked), answer. */
function handlerOf<N extends RouteName>(app: App, name: N, alias: Alias | null) {
  const endpoint: Endpoint = endpoints[name];
  const action: Action<N> = actions[name];
  const parse = inputParser(name);
  const serialize = serializer(name);
  const fields = fieldNames(name);
  const tags = tagger();
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string | Buffer | undefined> => {
    const { actor, params, body } = request;
    const query = withFormat(name, request);
    if (!actor) throw new AppError('unauthorized', 'Send a token.');
    const sent = { params, query, body };
    const said = alias === null ? sent : inOurWords(alias, sent, fields);
    const input = parse('hints' in said && alias ? await fillAlias(app, actor, alias, said) : said);
    const key = endpoint.idempotency === 'none' ? null : idempotencyKey(request.raw);
    const run = () => action(app, actor, input, { idempotency_key: key });
    const stored = endpoint.idempotency === 'stored' && key !== null;
    const done = stored
      ? await runOnce(
          app,
          { scope: `${actor.role}:${actor.id}:${name}`, key, input },
          endpoint.success,
          run,
        )
      : { output: await run(), replayed: false };
    reply.code(endpoint.success).header('content-type', 'application/json; charset=utf-8');
    if (done.replayed || isReplay(done.output)) reply.header('idempotency-replayed', 'true');
    const document = documentOf(name, done.output, request);
    if (document !== null) {
      reply.headers(documentHeaders(document));
      return document.body;
    }
    const write = (output: unknown) =>
      alias?.gives ? withMore(serialize(output), alias) : serialize(output);
    return endpoint.is_tagged === true
      ? tags(request, reply, done.output, write)
      : write(done.output);
  };
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string | Buffer | undefined> => {
    try {
      return await answer(request, reply);
    } catch (error) {
      if (!isExpected(error)) throw error;
      // A refusal is an answer like any other: the framework's way for errors costs twice as much.
      sendRefusal(error, request, reply);
      return undefined;
    }
  };
}

/** Registers each row of the endpoint table under its address and aliases. */
export function addRoutes(server: FastifyInstance, app: App, admit: Admit): void {
  const names = Object.keys(actions) as RouteName[];
  for (const name of names) {
    const endpoint: Endpoint = endpoints[name];
    const onRequest = admit(endpoint.access);
    for (const { method, path, alias } of addressesOf(endpoint)) {
      const handler = handlerOf(app, name, alias);
      server.route({ method, url: routePattern(path), onRequest, handler });
    }
  }
}
