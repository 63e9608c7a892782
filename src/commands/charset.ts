/** True when the locale says that the terminal shows more than ASCII. */
export function isUtf8(locale: string): boolean {
  return /utf-?8/i.test(locale);
}
