import { getDocumentProxy } from 'unpdf';

/** What a reader finds in a PDF: text per page, in lines as they stand. */
export type Read = {
  readonly pages: readonly string[];
  readonly sizes: readonly (readonly [width: number, height: number])[];
  readonly title: string;
};

/** Blanks at which lines were broken do not count: names are compared without any. */
export const packed = (text: string) => text.replace(/\s+/g, '');

export async function readPdf(bytes: Uint8Array): Promise<Read> {
  const document = await getDocumentProxy(new Uint8Array(bytes));
  const pages: string[] = [];
  const sizes: [number, number][] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    const pieces = items.flatMap((item) =>
      'str' in item ? [item.str + (item.hasEOL ? '\n' : '')] : [],
    );
    pages.push(pieces.join(''));
    const { width, height } = page.getViewport({ scale: 1 });
    sizes.push([Math.round(width), Math.round(height)]);
  }
  const { info } = await document.getMetadata();
  return { pages, sizes, title: String(Reflect.get(info, 'Title')) };
}
