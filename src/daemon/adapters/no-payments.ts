import { AppError } from '../../domain/errors.ts';
import type { PaymentGateway } from '../../domain/ports.ts';

function refuse(): never {
  throw new AppError('payment_method_unsupported', 'Online payment is not set up here.', {
    next: 'set STRIPE_SECRET_KEY, or pay at the clinic',
  });
}

/** No payment provider configured: bookings are paid at the clinic. */
export function openNoPayments(): PaymentGateway {
  return {
    createCheckout: async () => refuse(),
    expireCheckout: async () => ({ outcome: 'unknown_session' }),
    retrieveCheckout: async () => ({ outcome: 'unknown_session' }),
    createCustomer: async () => refuse(),
    listMethods: async () => [],
    detachMethod: async () => refuse(),
    chargeSaved: async () => refuse(),
    findCharge: async () => null,
    lookAtCharge: async () => null,
    capture: async () => refuse(),
    voidCharge: async () => refuse(),
    refund: async () => refuse(),
    retrieveRefund: async () => null,
    verifyWebhook: async () => refuse(),
    health: async () => ({ ok: true, detail: 'not configured' }),
  };
}
