import { createElement as h, isValidElement, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

/**
 * The one tree that a mail's HTML and its plain text are drawn from. Styles stand in the elements
 * (mail programs drop the rest), no colour fights a dark screen, and nothing is fetched: a mail
 * that loads pictures tells the sender when it was read.
 */

export type MailContent = {
  readonly lang: string;
  readonly subject: string;
  readonly head: readonly string[];
  /** Label and value. */
  readonly rows: readonly (readonly [string, string])[];
  readonly tail: readonly string[];
  /** Small print under the closing: text, and where it leads. */
  readonly footer: { readonly text: string; readonly url: string } | null;
};

const font = '-apple-system, "Segoe UI", "Hiragino Sans", "Noto Sans JP", Arial, sans-serif';
const styles = {
  body: { margin: 0, padding: 0 },
  page: { width: '100%', maxWidth: '600px', fontFamily: font, fontSize: '16px', lineHeight: 1.5 },
  inside: { padding: '24px' },
  paragraph: { margin: '0 0 16px' },
  facts: { width: '100%', margin: '0 0 16px', borderCollapse: 'collapse' },
  // Half grey can be read on white and on black.
  label: { padding: '6px 12px 6px 0', borderBottom: '1px solid #808080', fontWeight: 'normal' },
  value: { padding: '6px 0', borderBottom: '1px solid #808080', fontWeight: 'bold' },
  small: { margin: '16px 0 0', fontSize: '13px' },
} as const;

function Lines({ text }: { readonly text: string }): ReactNode {
  return text
    .split('\n')
    .flatMap((line, index) => (index === 0 ? [line] : [h('br', { key: index }), line]));
}

function Paragraphs({ texts }: { readonly texts: readonly string[] }): ReactNode {
  return texts.map((text) => h('p', { key: text, style: styles.paragraph }, h(Lines, { text })));
}

function Facts({ rows }: Pick<MailContent, 'rows'>): ReactNode {
  if (rows.length === 0) return null;
  const cells = rows.map(([label, value]) =>
    h(
      'tr',
      { key: label },
      h('th', { scope: 'row', align: 'left', style: styles.label }, label),
      h('td', { style: styles.value }, value),
    ),
  );
  return h(
    'table',
    { cellPadding: 0, cellSpacing: 0, style: styles.facts },
    h('tbody', null, cells),
  );
}

function Footer({ footer }: Pick<MailContent, 'footer'>): ReactNode {
  if (footer === null) return null;
  const link = h('a', { href: footer.url, style: { color: 'inherit' } }, footer.text);
  return h('p', { style: styles.small }, link);
}

function Head({ subject }: { readonly subject: string }): ReactNode {
  return h(
    'head',
    null,
    h('meta', { charSet: 'utf-8' }),
    h('meta', { name: 'viewport', content: 'width=device-width' }),
    h('meta', { name: 'color-scheme', content: 'light dark' }),
    h('title', null, subject),
  );
}

function Mail(content: MailContent): ReactNode {
  const { lang, subject, head, rows, tail, footer } = content;
  const inside = h(
    'td',
    { style: styles.inside },
    h(Paragraphs, { texts: head }),
    h(Facts, { rows }),
    h(Paragraphs, { texts: tail }),
    h(Footer, { footer }),
  );
  const layout = (props: object, row: ReactNode) =>
    h(
      'table',
      { role: 'presentation', cellPadding: 0, cellSpacing: 0, ...props },
      h('tbody', null, h('tr', null, row)),
    );
  const page = layout({ style: styles.page }, inside);
  const body = layout({ width: '100%' }, h('td', { align: 'center' }, page));
  return h('html', { lang }, h(Head, { subject }), h('body', { style: styles.body }, body));
}

/** What follows an element in plain text. */
const after: Readonly<Record<string, string>> = { p: '\n\n', tr: '\n', table: '\n' };

/** The words of a tree, as a mail program without HTML shows them. */
function plainText(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node);
  if (Array.isArray(node)) return node.map(plainText).join('');
  if (!isValidElement<{ readonly children?: ReactNode; readonly href?: string }>(node)) return '';
  const { type, props } = node;
  // All our components are functions of their props.
  if (typeof type === 'function') return plainText((type as (given: object) => ReactNode)(props));
  if (type === 'head') return '';
  if (type === 'br') return '\n';
  const { children, href } = props;
  if (type === 'tr' && Array.isArray(children)) {
    return `${children.map(plainText).join(': ')}\n`;
  }
  const link = href === undefined ? '' : `: ${href}`;
  return `${plainText(children)}${link}${after[type] ?? ''}`;
}

/** HTML and text of one mail. React escapes every value. */
export function drawMail(content: MailContent): { readonly html: string; readonly text: string } {
  const tree = h(Mail, content);
  const text = plainText(tree)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return { html: `<!doctype html>${renderToStaticMarkup(tree)}`, text: `${text}\n` };
}
