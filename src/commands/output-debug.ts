/** What `--debug=http` shows of a request and its answer: never a secret. */

/** Headers and fields whose values let somebody in, or are somebody's card. */
const secret_name =
  /^(authorization|cookie|set-cookie|x-api-key|stripe-signature|.*(token|secret|password|passwd|pin|api_?key|p256dh|auth|credential|signature|card_number|cvc))$/i;
/** Links that let in whoever has them, and keys wherever they stand. */
const secret_text: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/\b(ppk|sk|rk|whsec|pk)_[\w-]{4,}/g, '$1_***'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***'],
  [/(\/(?:calendars?|ics)\/)[\w-]{20,}/g, '$1***'],
  [/(:\/\/[^:/@\s"]*:)[^@\s"]+@/g, '$1***@'],
];
/** More of an answer is for a file, not for eyes. */
const BODY_MAX = 4_096;

function hide(name: string, value: unknown): unknown {
  return secret_name.test(name) && value !== null && value !== '' ? '***' : value;
}

/** A text without secrets; JSON is looked into field by field. */
export function redacted(text: string): string {
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text, hide));
  } catch {
    // Not JSON: the patterns below must do.
  }
  return secret_text.reduce((kept, [pattern, stars]) => kept.replaceAll(pattern, stars), shown);
}

function bodyLine(mark: string, body: string): readonly string[] {
  if (body === '') return [];
  const text = redacted(body);
  const cut = text.length > BODY_MAX ? `${text.slice(0, BODY_MAX)}~ (${text.length} signs)` : text;
  return [`${mark} ${cut}`];
}

/** The lines of one request. */
export function requestLines(
  headers: Readonly<Record<string, string>>,
  body: string | null,
): readonly string[] {
  const head = Object.entries(headers).map(
    ([name, value]) => `> ${name}: ${redacted(String(hide(name, value)))}`,
  );
  return [...head, ...bodyLine('>', body ?? '')];
}

/** The lines of one answer. */
export function answerLines(text: string): readonly string[] {
  return bodyLine('<', text);
}
