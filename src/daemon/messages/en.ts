import type { Catalogue, Words } from './catalogue.ts';

const visit = (words: Words) =>
  words.has_pet ? `${words.pet_name}'s appointment` : words.service_name;

export const en: Catalogue = {
  greeting: (words) => `Dear ${words.owner_name},`,
  closing: (words) => `See you soon,\n${words.clinic_name}`,
  unsubscribe: 'No more reminders by mail',
  unsubscribe_page: {
    title: 'Reminders by mail',
    question: 'Shall we stop sending you reminders by mail? What you must know still comes.',
    button: 'Stop them',
    done: 'Done. You get no more reminders by mail.',
  },
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
      intro: (words) => `${visit(words)} at ${words.clinic_name} is confirmed.`,
      notes: (words) => [
        'Please come five minutes early. The attached file puts the appointment in your calendar.',
        'To cancel or ask something, answer with your reference or call the clinic.',
        ...(words.has_tickets
          ? ['Your tickets are attached, one per seat: show each code at the door.']
          : []),
      ],
      sms: (words) =>
        `${words.pet_name} is booked for ${words.when_short}. Ref ${words.reference_code}.`,
    },
    booking_cancelled: {
      subject: (words) => `Cancelled: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        words.cancelled_by === 'clinic'
          ? `We are sorry: ${words.clinic_name} had to cancel ${visit(words)}.`
          : `${visit(words)} at ${words.clinic_name} is cancelled, as you asked.`,
      notes: (words) =>
        words.refund === null
          ? ['No refund is due under the cancellation policy of this booking.']
          : [
              `${words.refund} (${words.refund_percent} %) goes back to the way you paid.`,
              'Banks usually need 5 to 10 working days to show it.',
            ],
      sms: (words) =>
        `${words.pet_name}, ${words.when_short} is cancelled.${words.refund === null ? '' : ` Refund: ${words.refund}.`} Ref ${words.reference_code}.`,
    },
    booking_rescheduled: {
      subject: (words) => `Moved: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `${visit(words)} at ${words.clinic_name} is now on ${words.when}.`,
      notes: (words) => [
        ...(words.refund === null
          ? []
          : [`${words.refund} of the price goes back to the way you paid.`]),
        'The attached file moves the appointment in your calendar.',
        ...(words.has_tickets
          ? ['Your tickets are attached, one per seat: show each code at the door.']
          : []),
      ],
      sms: (words) =>
        `${words.pet_name} is moved to ${words.when_short}. Ref ${words.reference_code}.`,
    },
    payment_failed: {
      subject: (words) => `Payment did not go through (${words.reference_code})`,
      intro: (words) => `The payment for ${visit(words)} did not go through; nothing was charged.`,
      notes: () => [
        'The place is kept until the hold ends: you can try again on the same payment page.',
      ],
      sms: (words) =>
        `The payment did not go through; the place is kept a little longer. Ref ${words.reference_code}.`,
    },
    payment_late: {
      subject: (words) => `Your payment came too late (${words.reference_code})`,
      intro: (words) =>
        `Your payment for ${words.when} arrived after the hold had ended; the place cannot be yours.`,
      notes: (words) => [
        `The whole amount${words.refund === null ? '' : ` (${words.refund})`} goes back to you.`,
        'We are sorry. Please choose another time.',
      ],
      sms: (words) =>
        `Your payment came too late; it goes back to you. Ref ${words.reference_code}.`,
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
      sms: (words) =>
        `We have your request for ${words.when_short} and answer by ${words.answer_by_short}. Ref ${words.reference_code}.`,
    },
    approval_declined: {
      subject: (words) => `Not booked: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `Your request for ${words.pet_name} at ${words.clinic_name} was not confirmed.`,
      notes: () => [
        'Nothing was charged: your card has been let go. Banks may show the amount for some days.',
        'You are welcome to choose another time.',
      ],
      sms: (words) =>
        `Your request for ${words.when_short} was not confirmed; nothing was charged. Ref ${words.reference_code}.`,
    },
    refund_processed: {
      subject: (words) => `Refund sent (${words.reference_code})`,
      intro: (words) =>
        `Your refund${words.refund === null ? '' : ` of ${words.refund}`} is on its way.`,
      notes: () => ['Banks usually need 5 to 10 working days to show it.'],
      sms: (words) =>
        `Your refund${words.refund === null ? '' : ` of ${words.refund}`} is on its way. Ref ${words.reference_code}.`,
    },
    waitlist_offered: {
      subject: (words) =>
        `A place is free: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        `${words.clinic_name} has a place for ${words.pet_name}. It is kept for you until ${words.answer_by}.`,
      notes: () => ['Take it or leave it in the app. After that it goes to the next in line.'],
      sms: (words) =>
        `A place is free for ${words.pet_name}: ${words.when_short}. Take it in the app by ${words.answer_by_short}. Ref ${words.reference_code}.`,
    },
    reminder_check_in: {
      subject: (words) =>
        `Check-in is open: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) =>
        words.has_pet
          ? `You can check ${words.pet_name} in at ${words.clinic_name}.`
          : `Check-in for ${words.service_name} at ${words.clinic_name} is open.`,
      notes: () => ['Show your reference at the desk.'],
      sms: (words) =>
        `Check-in is open for ${words.pet_name}, ${words.when_short}. Show ${words.reference_code} at the desk.`,
    },
    reminder_follow_up: {
      subject: (words) =>
        `How ${words.has_pet ? 'is' : 'was'} ${words.pet_name}? (${words.reference_code})`,
      intro: (words) =>
        `${words.has_pet ? `${words.pet_name} was` : 'You were'} at ${words.clinic_name} some days ago.`,
      notes: () => ['If anything worries you, answer with your reference or call the clinic.'],
      sms: (words) =>
        `How ${words.has_pet ? `is ${words.pet_name} after` : 'was'} the visit? Call us when something worries you. Ref ${words.reference_code}.`,
    },
    reminder_upcoming: {
      subject: (words) => `Reminder: ${words.pet_name}, ${words.when} (${words.reference_code})`,
      intro: (words) => `${visit(words)} at ${words.clinic_name} is coming up.`,
      notes: () => ['If you cannot come, please cancel now: somebody else may need the place.'],
      sms: (words) =>
        `${words.has_pet ? `${words.pet_name} is expected` : `You are expected for ${words.service_name}`} on ${words.when_short}. Ref ${words.reference_code}.`,
    },
    reminder_review_request: {
      subject: (words) => `How was ${words.clinic_name}? (${words.reference_code})`,
      intro: (words) =>
        `${words.has_pet ? `${words.pet_name} was` : 'You were'} at ${words.clinic_name} today. How did it go?`,
      notes: () => ['A short review in the app helps other owners and the clinic.'],
      sms: (words) =>
        `How was your visit${words.has_pet ? ` with ${words.pet_name}` : ''}? A short review in the app helps others. Ref ${words.reference_code}.`,
    },
  },
};
