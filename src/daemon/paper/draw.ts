import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import { encode } from 'uqr';
import type { Paper } from '../../domain/paper.ts';
import { openFonts, type Run } from './fonts.ts';
import { layOut, type Mark } from './layout.ts';

/** Pages as a PDF. Only the paper thread loads this file: the library costs 70 ms and 20 MB. */

// fontkit is the PDF library's own dependency, so it is looked for from there.
const fontkit = createRequire(createRequire(import.meta.url).resolve('pdfkit'))('fontkit');
const fonts = openFonts(fontkit);

/** White modules around a QR code. ISO/IEC 18004 asks for four. */
const QUIET_ZONE = 4;

function drawCode(doc: PDFKit.PDFDocument, mark: Extract<Mark, { kind: 'code' }>): void {
  // M survives a crease or a stain: 15 % of the modules.
  const { data, size } = encode(mark.text, { ecc: 'M', border: QUIET_ZONE });
  const module = mark.side / size;
  for (const [row, modules] of data.entries()) {
    for (const [column, is_dark] of modules.entries()) {
      if (!is_dark) continue;
      doc.rect(mark.x + column * module, mark.y + row * module, module, module);
    }
  }
  doc.fill('black');
}

/** The document's bytes. Fonts are cut down to the signs that are used. */
export async function drawPaper(paper: Paper): Promise<Buffer> {
  const doc = new PDFDocument({
    autoFirstPage: false,
    // None of the library's own fonts: they have no Japanese and are not embedded.
    font: '',
    lang: paper.lang,
    displayTitle: true,
    info: { Title: paper.title, Author: paper.author, Creator: 'PetPro Ops' },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
  });
  const registered = new Set<string>();
  const choose = ({ font }: Run, size: number) => {
    if (!registered.has(font)) {
      doc.registerFont(font, fonts.data(font));
      registered.add(font);
    }
    return doc.font(font).fontSize(size);
  };
  const widthOf = (run: Run, size: number) => choose(run, size).widthOfString(run.text);
  const width = (runs: readonly Run[], size: number) =>
    runs.reduce((sum, run) => sum + widthOf(run, size), 0);

  for (const page of layOut(paper, { runs: fonts.runs, width })) {
    doc.addPage({ size: [page.width, page.height], margin: 0 });
    for (const mark of page.marks) {
      if (mark.kind === 'code') drawCode(doc, mark);
      else if (mark.kind === 'rule') {
        doc.moveTo(mark.x, mark.y).lineTo(mark.x + mark.width, mark.y);
        doc.lineWidth(0.5).stroke('black');
      } else {
        let { x } = mark;
        for (const run of mark.runs) {
          choose(run, mark.size).fillColor('black').text(run.text, x, mark.y, { lineBreak: false });
          x += widthOf(run, mark.size);
        }
      }
    }
  }
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}
