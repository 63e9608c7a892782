import type { EndpointName } from '../../src/domain/api.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { Approval, Refund } from '../../src/tui/model-money.ts';
import { at, clinic_id, DATE } from './fixture.ts';
import {
  figureApprovals,
  figureEntries,
  figureInbox,
  figurePayments,
  figureRefunds,
} from './fixture-money.ts';

/** The endpoints of the money screen in memory: what is decided changes what is listed next. */

type Handlers = {
  readonly [N in EndpointName]?: (request: Request<N>) => Output<N>;
};

export type FakeMoney = {
  inbox: Output<'list_inbox'>['items'];
  refunds: Refund[];
  approvals: readonly Approval[];
  counted: Output<'get_cash_up'>['count'];
  readonly handlers: Handlers;
};

const page = <T>(items: readonly T[]) => ({ items, next_cursor: null });

export function fakeMoney(): FakeMoney {
  function cashUp(): Output<'get_cash_up'> {
    return {
      clinic_id,
      date: DATE,
      currency: 'IDR',
      items: [
        {
          payment_method: 'cash',
          taken: '750000.00',
          taken_count: 3,
          returned: '50000.00',
          returned_count: 1,
          net: '700000.00',
        },
        {
          payment_method: 'checkout',
          taken: '1250000.00',
          taken_count: 4,
          returned: '0.00',
          returned_count: 0,
          net: '1250000.00',
        },
      ],
      expected_cash: '700000.00',
      count: fake.counted,
    };
  }

  function change(refund_id: string, fields: Partial<Refund>): Refund {
    const found = fake.refunds.find((one) => one.refund_id === refund_id);
    if (found === undefined) throw new AppError('not_found', 'There is no such refund.');
    const changed = { ...found, ...fields };
    fake.refunds = fake.refunds.map((one) => (one.refund_id === refund_id ? changed : one));
    fake.inbox = fake.inbox.filter((one) => one.refund_id !== refund_id);
    return changed;
  }

  const handlers: Handlers = {
    get_cash_up: cashUp,
    count_cash: ({ counted, note }) => {
      const minor = Number(counted) - 700_000;
      fake.counted = {
        count_id: '00000000-0000-4000-8000-000000000001',
        expected: '700000.00',
        counted,
        difference: `${minor}.00`,
        note: note ?? null,
        counted_by_name: 'Rina',
        counted_at: at('18:02'),
      };
      return cashUp();
    },
    list_inbox: () => page(fake.inbox),
    list_approvals: () => page(fake.approvals),
    decide_approval: ({ reservation_id, decision }) => {
      const found = fake.approvals.find((one) => one.reservation_id === reservation_id);
      if (found === undefined) throw new AppError('not_found', 'There is no such request.');
      fake.approvals = fake.approvals.filter((one) => one !== found);
      return { ...found, approval: decision };
    },
    list_refunds: ({ booking_id }) =>
      page(fake.refunds.filter((one) => !booking_id || one.reference_code === booking_id)),
    list_payments: ({ booking_id }) =>
      page(figurePayments().filter((one) => !booking_id || one.reference_code === booking_id)),
    list_entries: () => page(figureEntries()),
    list_settlements: () => page([]),
    decide_refund: ({ refund_id, decision }) => {
      const found = fake.refunds.find((one) => one.refund_id === refund_id);
      if (found?.decision !== 'awaiting') {
        throw new AppError('conflict', 'Somebody has decided it already.');
      }
      return change(refund_id, { decision });
    },
    retry_refund: ({ refund_id }) => change(refund_id, { status: 'pending', error: null }),
    complete_refund: ({ refund_id, handed_over = 'cash' }) =>
      change(refund_id, { status: 'completed', handed_over }),
    create_refund: ({ reason, amount }) => {
      const [first] = fake.refunds;
      if (first === undefined) throw new AppError('not_found', 'No booking.');
      const made = { ...first, reason, amount: amount ?? first.amount };
      fake.refunds = [made, ...fake.refunds];
      return made;
    },
    settle_inbox_item: ({ item_id }) => {
      fake.inbox = fake.inbox.filter((one) => one.item_id !== item_id);
      return { success: true };
    },
  };

  const fake: FakeMoney = {
    inbox: figureInbox(),
    approvals: figureApprovals(),
    refunds: [...figureRefunds()],
    counted: null,
    handlers,
  };
  return fake;
}
