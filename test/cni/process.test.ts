import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

t.test('a configuration that comes in pieces, and late, is read whole', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'cni'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { CNI_COMMAND: 'VERSION', PATH: process.env['PATH'] },
  });
  let printed = '';
  child.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  child.stdin?.write('{"cniVersion":');
  await once(child, 'spawn');
  child.stdin?.end('"1.0.0"}');
  await once(child, 'close');
  t.match(JSON.parse(printed), { cniVersion: '1.0.0' });
});
