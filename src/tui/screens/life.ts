import { padEndWidth, plainLine } from '../../domain/width.ts';
import { dateText, moneyText, wordsOf } from '../i18n/text.ts';
import { stateWord } from '../legal.ts';
import type { State } from '../model.ts';
import type { ChangedBox, LinkBox, ReceiptBox, TraceBox } from '../model-life.ts';
import { clockText, instantOf, layoutOf, timeZone } from '../selectors.ts';
import { ageText } from '../selectors-ops.ts';
import { fitLine, type Line, lineOf, span, wrap } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { FACT } from './locks.ts';

/** Receipt, trace, payment link, and what somebody else changed meanwhile. */

function msOf(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds;
}

/** Lines under a title, scrolled, with the keys on the last line. */
export function paper(
  state: State,
  title: string,
  lines: readonly Line[] | null,
  top: number,
  keys: string,
): Screen {
  const { body_rows } = layoutOf(state);
  const words = wordsOf(state.session.lang);
  const room = body_rows - 2;
  const shown = lines ?? [[span(` ${words.loading}`, 'dim')]];
  const from = Math.min(top, Math.max(0, shown.length - room));
  const last = Math.min(shown.length, from + room);
  const part = shown.length > room ? `   ${words.rows_of(from + 1, last, shown.length)}` : '';
  return {
    lines: [
      fitLine([span(` ${title}`, 'bold')], state.columns),
      ...fillLines(shown.slice(from, last), room, state.columns),
      lineOf(` ${keys}${part}`, state.columns, 'dim'),
    ],
    cursor: null,
  };
}

/** The receipt as the printer would have it. */
export function receiptScreen(state: State, box: ReceiptBox): Screen {
  const words = wordsOf(state.session.lang).life;
  const lines = box.receipt?.text.split('\n').map((line): Line => [span(`   ${plainLine(line)}`)]);
  const title = words.receipt_title(box.receipt?.receipt_number ?? box.reference_code);
  return paper(state, title, lines ?? null, box.top, words.receipt_keys);
}

/** `+12ms`, `+3s`, `+4m`: how long after the line before. */
function sinceText(ms: number): string {
  if (ms < 1_000) return `+${ms}ms`;
  if (ms < 60_000) return `+${Math.floor(ms / 1_000)}s`;
  return ms < 3_600_000 ? `+${Math.floor(ms / 60_000)}m` : `+${Math.floor(ms / 3_600_000)}h`;
}

/** One timeline of everything that was written down. */
export function traceScreen(state: State, box: TraceBox): Screen {
  const words = wordsOf(state.session.lang).life;
  const zone = timeZone(state);
  let day = '';
  const lines = box.trace?.items.flatMap((item): readonly Line[] => {
    const zoned = instantOf(msOf(item.at)).toZonedDateTimeISO(zone).toPlainDate().toString();
    const head: Line[] =
      zoned === day ? [] : [[span(` ${dateText(zoned, state.session.lang)}`, 'bold')]];
    day = zoned;
    const at = clockText(state, msOf(item.at), 'second');
    const detail = [item.detail, item.source].filter((part) => part !== null).join('  ');
    const out = item.out_ms === null ? '' : `  ${sinceText(item.out_ms)}`;
    return [
      ...head,
      [
        span(` ${at} ${padEndWidth(sinceText(item.since_ms), 7)} `, 'dim'),
        span(`${padEndWidth(item.part, 8)}`, 'accent'),
        span(` ${plainLine(item.what)}`),
        span(`  ${plainLine(detail)}${out}`, 'dim'),
      ],
    ];
  });
  const title = words.trace_title(box.reference_code);
  return paper(state, title, lines ?? null, box.top, words.trace_keys);
}

/** The page on which a hold is paid, to be sent or read out again. */
export function linkScreen(state: State, box: LinkBox): Screen {
  const all = wordsOf(state.session.lang);
  const words = all.life;
  const { hold } = box;
  const lines: Line[] = [];
  if (hold !== null) {
    const until = clockText(state, msOf(hold.expires_at), 'minute');
    lines.push([span('')], [span(`   ${words.link_until(until)}`)], [span('')]);
    const url = hold.status === 'pending' ? hold.payment_url : null;
    if (url === null) lines.push([span(`   ${words.link_none}`, 'warn')]);
    else for (const part of wrap(url, state.columns - 4)) lines.push([span(`   ${part}`, 'bold')]);
    lines.push([span('')]);
    for (const { at, result } of hold.payment_attempts) {
      const when = clockText(state, msOf(at), 'minute');
      lines.push([span(`   ${words.link_tried} ${when}  ${all.money.attempt[result]}`, 'warn')]);
    }
  }
  return paper(state, words.link_title(box.name), hold && lines, 0, words.link_keys);
}

/** What was on screen beside what is true now; who changed it. */
export function changedScreen(state: State, box: ChangedBox): Screen {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.life;
  const { saw, booking } = box;
  const pay = (one: typeof saw.payment_state) => (one === null ? '' : all.pay_long[one]);
  const rows: readonly (readonly [string, string, string])[] = [
    [
      words.facts.status,
      saw.status === null ? '' : stateWord(all, saw.status, saw.arrived_at),
      stateWord(all, booking.status, booking.arrived_at),
    ],
    [
      words.facts.time,
      `${dateText(saw.date, lang)} ${saw.time}`,
      `${dateText(booking.date, lang)} ${booking.time}`,
    ],
    [words.facts.vet, saw.staff_name ?? '-', booking.staff_name ?? '-'],
    [
      words.facts.price,
      moneyText(saw.amount, saw.currency, lang),
      moneyText(booking.amount, booking.currency, lang),
    ],
    [words.facts.payment, pay(saw.payment_state), pay(booking.payment_state)],
  ];
  const column = Math.floor((state.columns - FACT - 4) / 2);
  const line = (name: string, was: string, now: string, tone: 'plain' | 'dim' | 'bold' | 'warn') =>
    [
      span(padEndWidth(` ${name}`, FACT), 'dim'),
      span(`${padEndWidth(plainLine(was), column)}  `, tone === 'warn' ? 'plain' : tone),
      span(plainLine(now), tone),
    ] satisfies Line;
  const newest = booking.history.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  const now_ms = state.now_ms + state.offset_ms;
  const age = newest === undefined ? '' : ageText(Math.max(0, now_ms - msOf(newest.at)));
  const who = newest?.performed_by_name ?? newest?.source ?? '-';
  const is_seen = rows.some(([, was, now]) => was !== now);
  const lines: Line[] = [
    [span('')],
    [span(`   ${words.changed_who(plainLine(who), age)}`, 'warn')],
    [span(`   ${plainLine(newest?.action ?? '')}${is_seen ? '' : `  ${words.changed_other}`}`)],
    [span('')],
    line('', words.changed_saw, words.changed_now, 'bold'),
    ...rows.map(([name, was, now]) => line(name, was, now, was === now ? 'dim' : 'warn')),
  ];
  const title = words.changed_title(saw.reference_code);
  return paper(state, title, lines, 0, words.changed_keys);
}
