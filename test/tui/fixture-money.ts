import type { Approval, Entry, InboxItem, Payment, Refund } from '../../src/tui/model-money.ts';
import { at, clinic_id, uuid } from './fixture.ts';

/** The money of the figure's day: one refund asked for, one failed, one late payment that nobody knows. */

const base_refund = {
  clinic_id,
  currency: 'IDR',
  origin: 'ours',
  handed_over: null,
  attempts: 0,
  error: null,
  created_at: at('10:12'),
  updated_at: at('10:12'),
} as const;

export function figureApprovals(): readonly Approval[] {
  return [
    {
      reservation_id: uuid(6, 71),
      reference_code: 'BP10000171',
      clinic_id,
      status: 'pending',
      approval: 'awaiting',
      owner_name: 'Maria Tan',
      pet_name: 'Chiko',
      service_name: 'Surgery',
      staff_name: 'Andi',
      starts_at: at('14:00', '2026-11-23'),
      quantity: 1,
      amount: '1500000.00',
      currency: 'IDR',
      asked_at: at('08:12'),
      expires_at: at('08:12', '2026-11-21'),
      authorisation: 'open',
      booking_id: null,
      error: null,
    },
  ];
}

export function figureRefunds(): readonly Refund[] {
  return [
    {
      ...base_refund,
      refund_id: uuid(9, 701),
      payment_id: uuid(9, 601),
      booking_id: uuid(5, 1),
      reference_code: 'BP10000119',
      amount: '125000.00',
      reason: 'vet was late',
      status: 'pending',
      decision: 'awaiting',
      payment_method: 'cash',
    },
    {
      ...base_refund,
      refund_id: uuid(9, 702),
      payment_id: uuid(9, 602),
      booking_id: uuid(5, 2),
      reference_code: 'BP10000120',
      amount: '600000.00',
      reason: 'cancelled_by_owner',
      status: 'failed',
      decision: 'granted',
      payment_method: 'checkout',
      attempts: 10,
      error: 'card account closed',
    },
  ];
}

export function figureInbox(): readonly InboxItem[] {
  const base = { clinic_id, payment_id: null, currency: 'IDR', detail: null };
  return [
    {
      ...base,
      item_id: `refund_asked_for:${uuid(9, 701)}`,
      cause: 'refund_asked_for',
      clears: 'action',
      refund_id: uuid(9, 701),
      reference_code: 'BP10000119',
      amount: '125000.00',
      detail: 'vet was late',
      since: at('10:12'),
      next: '',
    },
    {
      ...base,
      item_id: `refund_failed:${uuid(9, 702)}`,
      cause: 'refund_failed',
      clears: 'action',
      refund_id: uuid(9, 702),
      reference_code: 'BP10000120',
      amount: '600000.00',
      since: at('09:55'),
      next: '',
    },
    {
      ...base,
      item_id: 'unknown_money:evt_7',
      cause: 'unknown_money',
      clears: 'mark',
      refund_id: null,
      reference_code: null,
      amount: '250000.00',
      detail: 'cs_test_9 paid after its hold had lapsed',
      since: at('09:41'),
      next: '',
    },
  ];
}

function payment(n: number, fields: Partial<Payment>): Payment {
  return {
    payment_id: uuid(9, 600 + n),
    reference_code: `BP100001${18 + n}`,
    reservation_id: uuid(6, n),
    booking_id: uuid(5, n),
    clinic_id,
    amount: '350000.00',
    currency: 'IDR',
    payment_method: 'cash',
    status: 'success',
    failure_reason: null,
    refund_status: null,
    refund_amount: null,
    external_reference: null,
    session_id: null,
    paid_at: at('09:03'),
    created_at: at('09:03'),
    ...fields,
  };
}

export function figurePayments(): readonly Payment[] {
  return [
    payment(1, {}),
    payment(2, { amount: '600000.00', payment_method: 'checkout', external_reference: 'pi_3Q' }),
    payment(3, {
      status: 'failed',
      payment_method: 'checkout',
      failure_reason: 'card_declined',
      paid_at: null,
    }),
  ];
}

export function figureEntries(): readonly Entry[] {
  return [
    {
      entry_id: uuid(9, 801),
      reference_code: 'BP10000119',
      booking_id: uuid(5, 1),
      payment_id: uuid(9, 601),
      refund_id: null,
      clinic_id,
      type: 'payment',
      total_amount: '350000.00',
      platform_fee: '17500.00',
      clinic_amount: '297815.00',
      tax_amount: '34685.00',
      currency: 'IDR',
      status: 'pending',
      transaction_reference: null,
      created_at: at('09:03'),
    },
  ];
}
