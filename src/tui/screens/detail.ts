import { plainLine } from '../../domain/width.ts';
import { dateText, moneyText, wordsOf } from '../i18n/text.ts';
import { stateWord } from '../legal.ts';
import type { Booking, State } from '../model.ts';
import { clockText, instantOf, layoutOf, selectedRow, timeZone } from '../selectors.ts';
import { fitLine, type Line, lineOf, type Span, span, wrap } from '../text.ts';
import { fillLines } from './chrome.ts';

/** One booking in full: facts, payments, refunds, messages, history. A pane from 120 columns, else a screen. */

function shortTime(state: State, instant: string): string {
  const ms = Temporal.Instant.from(instant).epochMilliseconds;
  const date = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate();
  const day = String(date.day).padStart(2, '0');
  const month = String(date.month).padStart(2, '0');
  return `${day}/${month} ${clockText(state, ms, 'minute')}`;
}

function title(text: string): Line {
  return [span(` ${text}`, 'bold')];
}

function textLines(text: string, columns: number): readonly Line[] {
  return wrap(text, columns - 2).map((line) => [span(` ${line}`)]);
}

function factsOf(state: State, booking: Booking, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const { lang } = state.session;
  const status = stateWord(words, booking.status, booking.arrived_at);
  const money = moneyText(booking.amount, booking.currency, lang);
  const lines = [
    `${dateText(booking.date, lang)} ${booking.time}  ${words.minutes(booking.duration_minutes)}`,
    [booking.service_name, booking.staff_name].filter((part) => part !== null).join('  '),
    [booking.pet_name, booking.species].filter((part) => part !== null).join(' '),
    [booking.owner_name, booking.owner_phone].filter((part) => part !== null).join(' '),
    `${words.pay_long[booking.payment_state]}  ${money}`,
  ];
  const arrived =
    booking.arrived_at === null
      ? ''
      : `  ${words.arrived_at(shortTime(state, booking.arrived_at))}`;
  const is_due = booking.payment_state === 'due' || booking.payment_state === 'failed';
  const head: Span[] = [
    span(` ${words.detail_title} ${booking.reference_code}  `, 'bold'),
    span(`${status}${arrived}`, 'accent'),
  ];
  return [
    head,
    ...lines.flatMap((line, index) => {
      const tone = index === 4 && is_due ? 'warn' : 'plain';
      return wrap(line, columns - 2).map((part): Line => [span(` ${part}`, tone)]);
    }),
    ...(booking.notes === null ? [] : textLines(`${words.note}: ${booking.notes}`, columns)),
    ...(booking.cancellation_reason === null
      ? []
      : textLines(booking.cancellation_reason, columns)),
  ];
}

function listsOf(state: State, booking: Booking, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const { lang } = state.session;
  const lines: Line[] = [];
  const part = (name: string, items: readonly Line[], always: boolean) => {
    if (items.length === 0 && !always) return;
    lines.push(lineOf('', columns), title(name));
    if (items.length === 0) lines.push([span(`  ${words.detail_none}`, 'dim')]);
    lines.push(...items);
  };
  const payments = booking.payments.map((one): Line => {
    const money = moneyText(one.amount, one.currency, lang);
    const at = one.paid_at === null ? '' : shortTime(state, one.paid_at);
    return [span(`  ${money}  ${one.payment_method}  ${one.status}  ${at}`)];
  });
  const refunds = booking.refunds.map((one): Line => {
    const money = moneyText(one.amount, one.currency, lang);
    return [span(`  ${money}  ${one.status}  ${shortTime(state, one.created_at)}`)];
  });
  const messages = booking.messages.map((one): Line => {
    const is_failed = one.last_error !== null && one.sent_at === null;
    const text = is_failed ? words.failed_times(one.attempts) : one.status;
    const at = one.sent_at === null ? '' : shortTime(state, one.sent_at);
    return [
      span(`  ${plainLine(`${one.type} ${one.channel}`)}  `),
      span(text, is_failed ? 'error' : 'plain'),
      span(`  ${at}`),
    ];
  });
  const history = booking.history
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
    .map((one): Line => {
      const who = one.performed_by_name ?? one.source;
      const by = who === null ? '' : `  ${who}`;
      const notes = one.notes === null ? '' : `  ${one.notes}`;
      return [span(`  ${shortTime(state, one.at)}  ${plainLine(`${one.action}${by}${notes}`)}`)];
    });
  part(words.detail_payments, payments, true);
  part(words.detail_refunds, refunds, false);
  part(words.detail_messages, messages, true);
  part(words.detail_history, history, true);
  return lines;
}

/** All lines of the booking that is loaded; a hint or nothing when there is none. */
export function detailLines(state: State, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const { detail } = state;
  if (detail === null) {
    const is_booking = selectedRow(state)?.kind === 'booking';
    return [[span(` ${is_booking ? words.loading : words.detail_select}`, 'dim')]];
  }
  if (detail.booking === null) return [[span(` ${words.loading}`, 'dim')]];
  const { booking } = detail;
  return [...factsOf(state, booking, columns), ...listsOf(state, booking, columns)].map((line) =>
    fitLine(line, columns),
  );
}

/** The detail as a screen of its own, scrolled. */
export function detailScreen(state: State): readonly Line[] {
  const { body_rows } = layoutOf(state);
  const lines = detailLines(state, state.columns);
  const wanted = state.overlay?.screen === 'detail' ? state.overlay.top : 0;
  const top = Math.min(wanted, Math.max(0, lines.length - body_rows));
  return fillLines(lines.slice(top), body_rows, state.columns);
}
