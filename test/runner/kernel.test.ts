import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

t.test('who waits for the kernel that another run builds says so, and goes on when it is there', async (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'vrt-kernel-'));
  t.teardown(() => rmSync(cache, { recursive: true }));
  const held = spawn('flock', [join(cache, 'uml.lock'), 'sh', '-c', 'echo held; read end'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => held.kill());
  await once(held.stdout, 'data');
  // There is no source: it ends once it has the lock.
  const env = { ...process.env, UML_CACHE: cache, UML_SOURCE: join(cache, 'none'), UML_TELL_EVERY: '0.05' };
  const waiting = spawn('bash', ['test/uml/kernel.sh'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  waiting.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(waiting.stderr, 'data');
  t.match(said, /^waiting for the tests' kernel, which another run is building$/m);
  t.equal(waiting.exitCode, null);
  held.stdin.end('\n');
  const [code] = await once(waiting, 'close');
  t.equal(code, 1);
  t.match(said, /no kernel source at/);
});
