import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  config_document_file,
  config_schema_file,
  configDocument,
  configSchemaText,
} from '../scripts/config-doc.ts';

/** Documents that are derived from tables, and links that must lead somewhere. */

const root = path.resolve(import.meta.dirname, '..');

test('docs/configuration.md says what the settings table says', () => {
  expect(fs.readFileSync(config_document_file, 'utf8')).toBe(configDocument());
  expect(fs.readFileSync(config_schema_file, 'utf8')).toBe(configSchemaText());
});

test('every relative link of the documents leads to a file', () => {
  const documents = ['README.md', 'CONTRIBUTING.md'].concat(
    fs
      .readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join('docs', name)),
  );
  const broken = documents.flatMap((document) => {
    const text = fs.readFileSync(path.join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      (match) => match[1]!,
    );
    return links
      .filter((link) => !fs.existsSync(path.resolve(root, path.dirname(document), link)))
      .map((link) => `${document}: ${link}`);
  });
  expect(documents.length).toBeGreaterThan(5);
  expect(broken).toEqual([]);
});
