import { plainLine, truncateWidth } from '../../domain/width.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { Call } from '../model-offline.ts';
import { type Span, span } from '../text.ts';

/** The line on which a call waits while a dialog is open. */

/** Of the caller: a number, or most of a name. */
const WHO_COLUMNS = 16;

/** A name where it is known, else the number. */
function whoOf(call: Call): string {
  const [only] = call.owners ?? [];
  const name = call.owners?.length === 1 ? only?.full_name : call.local?.[0]?.row.owner_name;
  return plainLine(name ?? call.number);
}

/** Who rang while a dialog was open; null when nobody waits. */
export function callSpan(state: State): Span | null {
  const call = state.calls.at(-1);
  if (call === undefined) return null;
  const who = truncateWidth(whoOf(call), WHO_COLUMNS);
  return span(` ${wordsOf(state.session.lang).offline.call_waits(who)} `, 'selected');
}
