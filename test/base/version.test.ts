import { readFileSync } from 'node:fs';
import t from 'tap';
import { VERSION } from '../../src/base/index.ts';

t.test('the program, its package and its change log tell the same version', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.equal(VERSION, version);
  t.match(readFileSync('CHANGELOG.md', 'utf8'), `## ${version}`);
});
