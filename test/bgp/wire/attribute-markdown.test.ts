import { readFileSync } from 'node:fs';
import t from 'tap';
import { attributeMarkdown } from './attribute-markdown.ts';

t.test('docs/rfc7606.md shows the table that the decoder works from', async (t) => {
  const page = readFileSync(new URL('../../../docs/rfc7606.md', import.meta.url), 'utf8');
  const table = page.split('\n').filter((line) => line.startsWith('|'));
  t.equal(table.join('\n'), attributeMarkdown());
});
