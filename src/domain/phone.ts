/** Phone numbers as people say them on the phone, made into E.164. */

/** Calling codes by the currency that the clinic sells in: the only hint of its country that the API gives. */
const calling_codes: Readonly<Record<string, string>> = {
  AUD: '61',
  GBP: '44',
  IDR: '62',
  JPY: '81',
  MYR: '60',
  PHP: '63',
  SGD: '65',
  THB: '66',
  USD: '1',
  VND: '84',
};

/** Shorter texts are a phone's tail, which finds people but makes nobody. */
const PHONE_DIGITS_MIN = 8;

/** True when the text can only be a whole phone number. */
export function looksLikePhone(text: string): boolean {
  const folded = text.normalize('NFKC').trim();
  return /^[+\d][\d\s().-]*$/.test(folded) && folded.replace(/\D/g, '').length >= PHONE_DIGITS_MIN;
}

/** `0812-3456-7890` at a clinic that sells in IDR -> `+6281234567890`; null when the country is not known. */
export function toE164(text: string, currency: string): string | null {
  const folded = text.normalize('NFKC').trim();
  const digits = folded.replace(/\D/g, '');
  const code = calling_codes[currency];
  if (folded.startsWith('+')) return checked(digits);
  if (digits.startsWith('00')) return checked(digits.slice(2));
  if (code === undefined) return null;
  if (digits.startsWith('0')) return checked(`${code}${digits.slice(1)}`);
  return checked(digits.startsWith(code) ? digits : `${code}${digits}`);
}

/** E.164: no leading zero, 7 to 15 digits. */
function checked(digits: string): string | null {
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : null;
}
