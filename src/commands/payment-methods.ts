import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { bookingRef, callOptions, firstWord } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { ownerOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { type Args, textOption } from './spec.ts';

type Method = Output<'list_payment_methods'>['items'][number];

const EXIT_PENDING = 8;

const csv = ['payment_method_id', 'brand', 'last4', 'exp_month', 'exp_year'];

const cardText = ({ brand, last4 }: Method) => `${brand} **** ${last4}`;

async function methodsOf(session: Session, user_id: string): Promise<readonly Method[]> {
  return (await session.client.call('list_payment_methods', { user_id })).items;
}

/** `petpro payments methods` */
export async function listMethods(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const owner = await ownerOf(session, textOption(args, 'owner') ?? '');
  printList(context, {
    kind: 'PaymentMethodList',
    items: await methodsOf(session, owner.user_id),
    columns: [
      { head: 'CARD', text: cardText, whole: true },
      {
        head: 'UNTIL',
        text: (one) => `${String(one.exp_month).padStart(2, '0')}/${one.exp_year}`,
        whole: true,
      },
      { head: 'ID', text: (one) => one.payment_method_id, whole: true },
    ],
    csv,
    name: (one) => one.payment_method_id,
    empty: `${owner.full_name} has saved no card.`,
  });
}

/** The saved card that the words mean: its id, its last four digits, or the only one. */
async function methodOf(session: Session, user_id: string, words: string | null): Promise<Method> {
  const saved = await methodsOf(session, user_id);
  const fits = saved.filter(
    (one) => words === null || one.payment_method_id === words || one.last4 === words,
  );
  const [only] = fits;
  if (only && fits.length === 1) return only;
  const next = 'petpro payments methods --owner ..';
  if (saved.length === 0) {
    throw new AppError('not_found', 'The owner has saved no card.', { next });
  }
  const list = saved.map((one) => `${cardText(one)} (${one.payment_method_id})`).join('; ');
  const candidates = saved.map((one) => one.payment_method_id);
  const code = words !== null && fits.length === 0 ? 'not_found' : 'invalid_input';
  throw new AppError(code, `Say which card: ${list}.`, { candidates, next });
}

/** `petpro payments charge`: 0 paid or asked for, 8 while the owner's bank wants to see them. */
export async function chargeMethod(context: Context, args: Args): Promise<number> {
  const session = openSession(context);
  const reservation_id = bookingRef(args);
  const hold = await session.client.call('get_reservation', { reservation_id });
  const method = await methodOf(session, hold.user_id, textOption(args, 'method'));
  const { payment_method_id } = method;
  const wish = { reservation_id: hold.reservation_id, payment_method_id };
  const paid = await session.client.call('create_payment', wish, callOptions(args));
  const clinic = await session.client.call('get_clinic', { clinic_id: hold.clinic_id });
  const look = lookOf(context, clinic);
  const words = {
    success: 'Booked',
    awaiting_approval: 'Asked for',
    requires_action: 'Held',
    processing: 'Held',
  };
  printOne(context, {
    kind: 'SavedPayment',
    item: paid,
    csv: ['reference_code', 'status', 'booking_id', 'payment_url', 'amount', 'currency'],
    name: paid.reference_code,
    as_of: look.now(),
    lines: [
      [words[paid.status], paid.reference_code],
      ['card', cardText(method)],
      ['amount', look.money(paid.amount, paid.currency)],
      ['bank asks at', paid.payment_url ?? ''],
      ['until', paid.status === 'success' ? '' : look.moment(paid.expires_at)],
    ],
  });
  if (paid.status === 'success' || paid.status === 'awaiting_approval') return 0;
  say(context, `Wait for it: petpro payments wait ${paid.reference_code}`);
  return EXIT_PENDING;
}

/** `petpro payments forget` */
export async function forgetMethod(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const { user_id, full_name } = await ownerOf(session, textOption(args, 'owner') ?? '');
  const method = await methodOf(session, user_id, firstWord(args));
  const { payment_method_id } = method;
  const wish = { user_id, payment_method_id };
  await session.client.call('remove_payment_method', wish, callOptions(args));
  printOne(context, {
    kind: 'ForgottenMethod',
    item: method,
    csv,
    name: payment_method_id,
    lines: [['Forgotten', `${cardText(method)} of ${full_name}`]],
  });
}
