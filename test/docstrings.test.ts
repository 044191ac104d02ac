import { globSync, readFileSync } from 'node:fs';
import t from 'tap';

/** What others build upon says of each thing what it is, in which units, and how it fails. */
const FILES = ['src/bgp/api.ts', ...globSync('src/base/*.ts')].filter((file) => !file.endsWith('index.ts')).sort();
const EXPORT = /^export (?:abstract )?(?:async )?(?:function\*?|class|interface|type|const) (\w+)/;

t.test('every exported thing of base and of the speaker’s interface has a docstring', async (t) => {
  let exports = 0;
  for (const file of FILES) {
    const lines = readFileSync(file, 'utf8').split('\n');
    for (const [at, line] of lines.entries()) {
      const [, name] = EXPORT.exec(line) ?? [];
      if (name === undefined) continue;
      exports++;
      if (!lines[at - 1]?.trimEnd().endsWith('*/')) t.fail(`${file}:${at + 1}: ${name} says nothing of itself`);
    }
  }
  t.ok(exports > 90, `${exports} exports were looked at`);
});

t.test('what throws a ParseError says so', async (t) => {
  for (const file of FILES) {
    const text = readFileSync(file, 'utf8');
    for (const [whole, comment, name] of text.matchAll(
      /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\nexport function (\w+)[\s\S]*?\n}\n/g,
    )) {
      const throws = /throw new (\w+)/.exec(whole.slice(comment.length))?.[1];
      if (throws !== undefined && !comment.includes(throws))
        t.fail(`${file}: ${name} doesn’t say that it throws ${throws}`);
    }
  }
  t.pass();
});

t.test('each verb of the speaker has a docstring', async (t) => {
  const text = readFileSync('src/bgp/api.ts', 'utf8');
  const [, body] = /export interface SpeakerApi \{\n([\s\S]*?)\n\}/.exec(text)!;
  const lines = body.split('\n');
  for (const [at, line] of lines.entries()) {
    if (/^ {2}\w+\(/.test(line)) t.ok(lines[at - 1]?.trimEnd().endsWith('*/'), line.trim());
  }
});
