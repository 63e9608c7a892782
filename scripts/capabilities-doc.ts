import fs from 'node:fs';
import path from 'node:path';
import { type Endpoint, endpoints } from '../src/domain/api.ts';

/**
 * Rewrites the list of addresses in docs/capabilities.md from the endpoint table:
 * `node scripts/capabilities-doc.ts`. The rest of that page is written by hand.
 */

const root = path.resolve(import.meta.dirname, '..');
export const capabilities_file = path.join(root, 'docs/capabilities.md');
const heading = '## All addresses\n';

function rowOf([name, { method, path: address, aliases = [] }]: [string, Endpoint]): string {
  const others = aliases.map((alias) => `\`${alias.method} ${alias.path}\``).join(', ');
  return `| \`${name}\` | \`${method} ${address}\` | ${others} |`;
}

/** The page with its list of addresses as the table has it. */
export function capabilitiesDocument(text: string): string {
  const end = text.indexOf(heading);
  if (end < 0) throw new Error(`docs/capabilities.md has lost its heading "${heading.trim()}"`);
  const rows = Object.entries<Endpoint>(endpoints).map(rowOf);
  return `${text.slice(0, end)}${heading}
Written by \`node scripts/capabilities-doc.ts\`. Each is tried with every role in \`test/http/endpoints.test.ts\`.

| name | address | also answers at |
|---|---|---|
${rows.join('\n')}
`;
}

if (import.meta.main) {
  const text = fs.readFileSync(capabilities_file, 'utf8');
  fs.writeFileSync(capabilities_file, capabilitiesDocument(text));
}
