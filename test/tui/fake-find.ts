import { AppError } from '../../src/domain/errors.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { Owner } from '../../src/tui/model.ts';

/** The card of an owner, made of what the search knows of them. */
export function cardOf(
  owners: readonly Owner[],
  { user_id }: Request<'get_owner'>,
): Output<'get_owner'> {
  const owner = owners.find((one) => one.user_id === user_id);
  if (owner === undefined) throw new AppError('not_found', 'There is no such owner.');
  const visit = (one: Owner['next_visit'], payment_state: 'paid' | 'due') =>
    one === null
      ? []
      : [
          {
            ...one,
            clinic_name: 'Klinik Sehat BSD',
            amount: '250000.00',
            currency: 'IDR',
            payment_state,
          },
        ];
  return {
    ...owner,
    next_visits: visit(owner.next_visit, 'due'),
    last_visits: visit(owner.last_visit, 'paid'),
    visit_count: owner.last_visit === null ? 0 : 7,
    no_show_count: 1,
    cancelled_count: 0,
    due:
      owner.next_visit === null ? [] : [{ currency: 'IDR', amount: '250000.00', overdue: '0.00' }],
  };
}
