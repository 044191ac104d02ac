import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { unicodeText } from '../../src/cli/manifest/unicode.ts';
import { Cluster, directory } from './harness.ts';

const text =
  'apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: a, annotations: {owner: "Jürgen"}}\n';

t.test('what a shell of Windows writes is read', (t) => {
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  t.equal(unicodeText('x', utf16), text);
  t.equal(unicodeText('x', Buffer.from(utf16).swap16()), text);
  t.equal(unicodeText('x', Buffer.from(`\ufeff${text}`)), text);
  t.end();
});

t.test('a file in Latin-1 is refused, and not stored as something else', async (t) => {
  const cwd = await directory(t, {});
  await writeFile(join(cwd, 'set.yaml'), Buffer.from(text, 'latin1'));
  const cluster = new Cluster({ cwd });
  t.match(await cluster.run('apply -f set.yaml'), {
    code: 1,
    stderr: 'failed to execute command: set.yaml: line 3: the text is no UTF-8: save it as that\n',
  });
  t.same((await cluster.store.list('GlobalNetworkSet')).items, []);
});

t.test('a character that is cut short at the end is refused', (t) => {
  const whole = Buffer.from('a: ü');
  t.throws(() => unicodeText('x', whole.subarray(0, -1)), { message: /^x: line 1: the text is no UTF-8/ });
  t.end();
});
