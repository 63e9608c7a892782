import type { Catalogue } from './catalogue.ts';

export const en: Catalogue = {
  greeting: (words) => `Dear ${words.owner_name},`,
  closing: (words) => `See you soon,\n${words.clinic_name}`,
  labels: {
    reference: 'Reference',
    when: 'When',
    service: 'Service',
    pet: 'Pet',
    staff: 'With',
    place: 'Where',
    phone: 'Phone',
    quantity: 'Places',
    amount: 'Price',
    paid: 'paid',
    due: 'to be paid at the visit',
    refund: 'Refund',
  },
  mails: {
    booking_confirmed: {
      subject: (words) => `Booked: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `${words.pet_name}'s appointment at ${words.clinic_name} is confirmed.`,
      notes: () => [
        'Please come five minutes early. The attached file puts the appointment in your calendar.',
        'To cancel or ask something, answer with your reference or call the clinic.',
      ],
    },
    booking_cancelled: {
      subject: (words) => `Cancelled: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        words.cancelled_by === 'clinic'
          ? `We are sorry: ${words.clinic_name} had to cancel ${words.pet_name}'s appointment.`
          : `${words.pet_name}'s appointment at ${words.clinic_name} is cancelled, as you asked.`,
      notes: (words) =>
        words.refund === null
          ? ['No refund is due under the cancellation policy of this booking.']
          : [
              `${words.refund} (${words.refund_percent} %) goes back to the way you paid.`,
              'Banks usually need 5 to 10 working days to show it.',
            ],
    },
    booking_rescheduled: {
      subject: (words) => `Moved: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `${words.pet_name}'s appointment at ${words.clinic_name} is now on ${words.when}.`,
      notes: (words) => [
        ...(words.refund === null
          ? []
          : [`${words.refund} of the price goes back to the way you paid.`]),
        'The attached file moves the appointment in your calendar.',
      ],
    },
    payment_failed: {
      subject: (words) => `Payment did not go through (${words.reference_code})`,
      intro: (words) =>
        `The payment for ${words.pet_name}'s appointment did not go through; nothing was charged.`,
      notes: () => [
        'The place is kept until the hold ends: you can try again on the same payment page.',
      ],
    },
    payment_late: {
      subject: (words) => `Your payment came too late (${words.reference_code})`,
      intro: (words) =>
        `Your payment for ${words.when} arrived after the hold had ended; the place cannot be yours.`,
      notes: (words) => [
        `The whole amount${words.refund === null ? '' : ` (${words.refund})`} goes back to you.`,
        'We are sorry. Please choose another time.',
      ],
    },
    approval_asked: {
      subject: (words) => `Requested: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `${words.clinic_name} has your request for ${words.pet_name} and answers by ${words.answer_by}.`,
      notes: (words) => [
        'The place is kept for you until then. It is not booked yet.',
        ...(words.has_card
          ? ['Your bank keeps the amount ready. It is charged only if the clinic says yes.']
          : []),
      ],
    },
    approval_declined: {
      subject: (words) => `Not booked: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `Your request for ${words.pet_name} at ${words.clinic_name} was not confirmed.`,
      notes: () => [
        'Nothing was charged: your card has been let go. Banks may show the amount for some days.',
        'You are welcome to choose another time.',
      ],
    },
    refund_processed: {
      subject: (words) => `Refund sent (${words.reference_code})`,
      intro: (words) =>
        `Your refund${words.refund === null ? '' : ` of ${words.refund}`} is on its way.`,
      notes: () => ['Banks usually need 5 to 10 working days to show it.'],
    },
    reminder_upcoming: {
      subject: (words) => `Reminder: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `${words.pet_name}'s appointment at ${words.clinic_name} is coming up.`,
      notes: () => ['If you cannot come, please cancel now: somebody else may need the place.'],
    },
    reminder_review_request: {
      subject: (words) => `How was ${words.clinic_name}? (${words.reference_code})`,
      intro: (words) => `${words.pet_name} was at ${words.clinic_name} today. How did it go?`,
      notes: () => ['A short review in the app helps other owners and the clinic.'],
    },
  },
};
