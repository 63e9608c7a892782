import type { Kind } from './steps.ts';

/** Function, guard, and what a careless hand makes of it. */
export type Mutant = readonly [name: string, guard: string, instead: string];

/** The steps that come near a function which walks at large rarely bring into a corner. */
export const near: Readonly<Record<string, readonly Kind[]>> = {
  begin_grace: ['hold', 'open_page', 'pay', 'cancel_booking', 'pay_back'],
  cancel_booking: ['hold', 'confirm', 'begin', 'cancel_booking'],
  claim_refunds: ['hold', 'open_page', 'pay', 'ask_refund', 'pay_back'],
  clear_overdue: ['hold', 'open_page', 'lapse'],
  decide_refund: ['hold', 'confirm', 'ask_refund', 'decide_refund'],
  extend_reservation: ['hold', 'extend'],
  note_money_gone: ['hold', 'open_page', 'pay', 'ask_refund', 'dashboard'],
  recount_slot: ['hold', 'confirm', 'cancel_booking', 'recount'],
  refund_payments: ['hold', 'confirm', 'pay_desk', 'cancel_booking'],
  retake_place: ['hold', 'open_page', 'lapse', 'sweep', 'block', 'pay'],
  retry_refund: [
    'hold',
    'confirm',
    'pay_unnoted',
    'ask_refund',
    'pay_back',
    'retry_refund',
    'bank_news',
  ],
  return_refund: ['hold', 'pay_unnoted', 'ask_refund', 'pay_back', 'bank_news'],
  set_booking_status: ['hold', 'confirm', 'move'],
  settle_success: [
    'hold',
    'open_page',
    'confirm',
    'pay_desk',
    'complete_refund',
    'ask_refund',
    'pay',
  ],
};

/** One guard of the product each, as it stands in the function, and what a careless hand makes of it. */
export const hold_mutants: readonly Mutant[] = [
  [
    'hold_slot',
    "if v_status = 'blocked' or v_starts_at <= now() then",
    'if v_starts_at <= now() then',
  ],
  ['hold_slot', 'and c.ends_at > v_starts_at', 'and false'],
  ['hold_slot', "if not found then v_place := 'staff_busy'; end if;", ''],
  [
    'claim_one_seat',
    'from generate_series(1, p_slot.capacity) as s',
    'from generate_series(1, p_slot.capacity + 1) as s',
  ],
  ['clear_overdue', 'if v_session is not null then', 'if false then'],
  ['free_place', 'delete from staff_claims c where c.slot_id = p_slot_id;', ''],
  ['end_reservation', 'perform free_place(v_r.slot_id, v_r.id, v_r.seats);', ''],
  ['extend_reservation', "when v_r.extended_at is not null then 'policy_refused'", ''],
  [
    'extend_reservation',
    "when p_lock_id is not null and p_lock_id <> v_r.lock_id then 'conflict'",
    '',
  ],
  [
    'cancel_reservation',
    "if v_r.status = 'pending' then",
    "if v_r.status in ('pending', 'confirmed') then",
  ],
  ['confirm_reservation', "when v_r.status = 'expired' then 'reservation_expired'", ''],
  ['take_payment_event', "elsif v_p.status in ('success', 'refunded') then", 'elsif false then'],
  [
    'settle_success',
    'if p_amount <> p_p.amount or p_currency <> p_p.currency then',
    'if false then',
  ],
  ['settle_success', "p.id <> p_p.id and p.status = 'success'", 'false'],
  ['settle_success', "if p_r.status = 'cancelled' or seats is null", 'if false'],
  [
    'retake_place',
    "if v_slot.status = 'blocked' or v_slot.starts_at <= now() then return null; end if;",
    '',
  ],
  ['make_booking', 'set expires_at = null', 'set expires_at = c.expires_at'],
  ['cancel_booking', "when v_b.status <> 'confirmed' then 'policy_refused'", ''],
  ['cancel_booking', 'perform free_place(v_b.slot_id, v_b.reservation_id, v_seats);', ''],
  ['cancel_booking', "when 'clinic' then 100", "when 'clinic' then 50"],
  [
    'set_booking_status',
    "when v_old.status = 'in-progress' and p_status = 'completed'",
    "when p_status = 'completed'",
  ],
];

/** Money: what is asked for, taken, given back, and by whom. */
export const money_mutants: readonly Mutant[] = [
  ['settle_success', 'and booking_paid(v_b.id) + p_amount > v_b.amount', 'and false'],
  ['refund_payments', 'least(v_wanted, refundable(v_p.id, null))', 'v_wanted'],
  ['refund_payments', 'refundable(p.id, null)) * p_percent', 'p.amount) * p_percent'],
  ['refundable', "or f.status = 'failed' and f.returned_at is null", ''],
  ['refundable', "f.status in ('pending', 'processing', 'completed')", "f.status = 'completed'"],
  ['cancel_booking', 'least(v_b.refund_percent_cap, refund_percent(', 'least(100, refund_percent('],
  ['cancel_booking', "when p_by = 'owner' and v_b.booking_time <= now() then 'policy_refused'", ''],
  [
    'cancel_booking',
    "when p_expected_version is not null and p_expected_version <> v_b.version then 'conflict'",
    '',
  ],
  ['refund_percent', "or (tier ->> 'after_hours')::numeric < p_hours", ''],
  ['price_move', 'amount := p_b.amount - least(-v_change, v_rest);', 'amount := p_b.amount;'],
  ['price_move', 'least(greatest(-v_change - v_rest, 0), v_left)', 'greatest(-v_change, 0)'],
  ['price_move', 'amount := p_b.amount + v_change;', 'amount := p_b.amount;'],
  [
    'reschedule_booking',
    'least(v_b.refund_percent_cap, refund_percent(',
    'least(100, refund_percent(',
  ],
  [
    'reschedule_booking',
    "when 'owner' then reschedule_booking.refund_percent else b.refund_percent_cap",
    'when null then 0 else b.refund_percent_cap',
  ],
  ['reschedule_booking', 'perform free_place(v_b.slot_id, v_b.reservation_id, v_old_seats);', ''],
  ['reschedule_booking', "when v_slot.id = v_b.slot_id then 'policy_refused'", ''],
  [
    'reschedule_booking',
    "if p_by = 'clinic' then\n    v_price := least(",
    'if false then\n    v_price := least(',
  ],
  [
    'reschedule_booking',
    'and (c.expires_at is null or c.expires_at > now())\n  limit 1',
    'and false\n  limit 1',
  ],
  ['pay_booking', "when p_amount <= 0 or p_amount > amount_rest then 'policy_refused'", ''],
  ['pay_booking', "if v_b.status in ('cancelled', 'no-show') or", 'if'],
  ['pay_booking', 'already_paid := amount_rest <= 0;', 'already_paid := false;'],
  ['pay_booking', 'perform enter_payment(v_b, v_p);', ''],
  ['booking_paid', "and p.status in ('success', 'refunded')", "and p.status = 'success'"],
  ['undo_booking', "then 'already_told'", 'then null'],
  ['undo_booking', "then 'refund_under_way'", 'then null'],
  ['undo_booking', "problem := 'owner_busy';", 'null;'],
  [
    'undo_booking',
    'delete from refunds f where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at;',
    '',
  ],
  ['begin_grace', 'set next_attempt_at = v_until', 'set next_attempt_at = f.next_attempt_at'],
  ['request_refund', 'v_rest <= 0 or v_rest > left_amount', 'v_rest <= 0'],
  ['claim_refunds', "and w.decision = 'granted'", ''],
  ['decide_refund', "if v_f.decision <> 'awaiting' then return 'conflict'; end if;", ''],
  ['complete_refund', "or v_f.status = 'pending' and v_p.external_reference is not null", ''],
  ['retry_refund', "when v_f.amount > refundable(v_p.id, v_f.id) then 'policy_refused'", ''],
  ['retry_refund', "when v_p.external_reference is null then 'policy_refused'", ''],
  [
    'take_refund_event',
    "elsif v_f.status = 'completed' and p_status = 'failed' then",
    'elsif false then',
  ],
  ['take_refund_event', "if v_id is null then v_outcome := 'unknown_money'; end if;", ''],
  ['note_money_gone', 'exit when refundable(p_p.id, null) >= p_amount;', ''],
  ['note_money_gone', 'if v_rest > 0 then', 'if false then'],
  ['return_refund', '-e.platform_fee, -e.clinic_amount, -e.tax_amount', '0, -e.total_amount, 0'],
  [
    'split_payment',
    'p_commission_bp::numeric * (10000 + p_tax_bp),',
    'p_commission_bp::numeric * 10000,',
  ],
  ['split_minor', 'order by rest desc, i', 'order by i'],
  ['recount_slot', "and b.status <> 'cancelled'", ''],
  [
    'finish_refund',
    "status = case when v_done = p.amount then 'refunded' else p.status end",
    'status = p.status',
  ],
];
