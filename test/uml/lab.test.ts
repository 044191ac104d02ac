import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { MAIN } from '../cluster/program.ts';

t.test('the lab that users start, with Calico’s defaults: IPIP Always', async (t) => {
  const options = ['--nodes', '3', '--pods', '2', '--subnets', '2', '--env', 'CALICO_IPV4POOL_IPIP=Always'];
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'lab', 'up', '--exit', ...options]);
  t.match(stdout, /^All 30 paths between pods work\.$/m);
  const routes = stdout.split('\n').filter((line) => /^10\.244\.\S+ via /.test(line));
  t.equal(routes.length, 2);
  for (const route of routes) t.match(route, / dev tunl0 proto 80 onlink$/);
});
