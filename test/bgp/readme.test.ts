import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

/*
 * The examples of the library's README, run as a program in a folder of its own would: only ports and addresses are
 * made such that nobody is disturbed.
 */

const LIBRARY = import.meta.resolve('bgp-speaker-ts');
const README = new URL('../../src/bgp/README.md', import.meta.url);

/** What stands around each example: the names that it takes for granted before it, what it led to after it. */
const SURROUNDINGS: readonly (readonly [string, string])[] = [
  ['', ''],
  [
    "import { Speaker } from 'bgp-speaker-ts'; const speaker = new Speaker({ asn: 64512, routerId: '10.0.0.1', listen: [] });",
    'console.log(speaker.peers().length);',
  ],
  ["const options = { asn: 64512, routerId: '10.0.0.1', listen: [] };", 'rpki.stop();'],
  [
    'const file = { write() {} }, tableFile = { write: (record) => console.log(record.length) };' +
      "const options = { asn: 64512, routerId: '10.0.0.1', listen: [] };",
    'bmp.stop();',
  ],
];

const EXPECTED: readonly RegExp[] = [/to: 'Connect'.*address: '10\.0\.0\.2'/s, /^1\n$/, /^not-found\n$/, /^\d+\n$/];

t.test('every example of the README runs', async (t) => {
  const examples = [...(await readFile(README, 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
  t.equal(examples.length, SURROUNDINGS.length);
  const folder = await mkdtemp(join(tmpdir(), 'vrt-readme-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const [at, example] of examples.entries()) {
    const [before, after] = SURROUNDINGS[at];
    const code = `${before}\n${example}\n${after}\nprocess.exit(0);\n`
      .replaceAll("'bgp-speaker-ts'", `'${LIBRARY}'`)
      .replaceAll("'0.0.0.0', port: 179", "'127.0.0.1', port: 0");
    const program = join(folder, `example-${at}.mts`);
    await writeFile(program, code);
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    t.match(stdout, EXPECTED[at]);
  }
});
