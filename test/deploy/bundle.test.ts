import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { VERSION } from '../../src/base/index.ts';
import { needsRoot } from '../cluster/cluster.ts';

const built = { skip: existsSync('dist/bin/vrouter') || process.env['CI'] ? false : 'build first: npm run setup' };

t.test('what install.sh copies runs away from the clone, on its own Node', built, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vrouter-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  execFileSync('sh', ['deploy/install.sh', folder]);
  const run = (name: string, args: readonly string[], options = {}): ReturnType<typeof spawnSync> =>
    spawnSync(join(folder, 'dist/bin', name), args, {
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' },
      ...options,
    });

  t.equal(run('vrouter', ['version']).stdout, `${VERSION}\n`);
  t.match(run('calicoctl', ['--help']).stdout, /calicoctl/);
  const check = run('vrouter', ['daemon', '--check'], {
    env: { PATH: '/usr/bin:/bin', NODENAME: 'x', DATASTORE_TYPE: 'memory' },
  });
  t.equal(check.status, 0, String(check.stderr));
  const answer = run('calico', [], {
    input: '{"cniVersion":"1.0.0"}',
    env: { PATH: '/usr/bin:/bin', CNI_COMMAND: 'VERSION' },
  });
  t.match(JSON.parse(String(answer.stdout)), { cniVersion: '1.0.0' });
  for (const [name, first] of [
    ['vrouter', 'calicoctl'],
    ['vrouter', 'lab'],
  ]) {
    t.match(run(name, [first, '--help']).stdout, /Usage:/, first);
  }
  const web = spawn(join(folder, 'dist/bin/vrouter'), ['web', '--port', '0'], {
    env: { PATH: '/usr/bin:/bin', DATASTORE_TYPE: 'memory' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => web.kill());
  for await (const address of createInterface(web.stdout)) {
    t.match(await (await fetch(address)).text(), '<script type="module" src="/main.js">', 'the page is there');
    t.match(await (await fetch(`${address}main.js`)).text(), "from './preact.js'");
    break;
  }
  if (needsRoot.skip) return;
  // A whole cluster out of that folder: nothing may be missing that is loaded only when the kernel is spoken to.
  const lab = run('vrouter', ['lab', 'up', '--name', `i${process.pid}`, '--nodes', '2', '--pods', '1', '--exit'], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  t.equal(lab.status, 0, String(lab.stderr));
  t.match(lab.stdout, /All 2 paths between pods work/);
});

t.test('the CNI plugin is one small file', built, async (t) => {
  t.ok(statSync('dist/calico.cjs').size < 64 * 1024, 'a runtime starts it for every pod');
  t.notMatch(readFileSync('dist/calico.cjs', 'utf8'), /require\("(?!node:)/, 'it loads nothing but Node’s own modules');
});
