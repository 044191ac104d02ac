import { join } from 'node:path';
import t, { type Test } from 'tap';
import { LedgerFile } from '../../src/ipam/index.ts';
import { Cluster } from './harness.ts';

const START = Date.UTC(2026, 0, 2, 14, 0);
const minutes = (count: number): number => START + count * 60_000;

/** A shell on a node at 15:00, whose ledger has two pods one after another. */
function node(t: Test): { readonly cluster: Cluster; readonly path: string } {
  const path = join(t.testdir(), 'ledger.jsonl');
  const ledger = new LedgerFile({ path });
  const first = {
    address: '10.1.2.3',
    handleId: 'net.one',
    attributes: { pod: 'one', namespace: 'web', node: 'node1' },
  };
  const second = { address: '10.1.2.3', handleId: 'net.two', attributes: { type: 'ipipTunnelAddress' } };
  ledger.append([{ ...first, time: minutes(0), event: 'assigned' }]);
  ledger.append([{ ...first, time: minutes(5), event: 'released' }]);
  ledger.append([{ ...second, time: minutes(10), event: 'assigned' }]);
  ledger.close();
  return { cluster: new Cluster({ env: { VROUTER_IPAM_LEDGER: path } }, minutes(60)), path };
}

t.test('who had 10.1.2.3 at 14:03', async (t) => {
  const { cluster } = node(t);
  const { code, stdout } = await cluster.run('ipam who 10.1.2.3 --at 14:03');
  t.equal(code, 0);
  t.equal(
    stdout,
    'web/one on node1 had 10.1.2.3 at 2026-01-02T14:03:00.000Z: since 2026-01-02T14:00:00.000Z, until 2026-01-02T14:05:00.000Z\nHandle ID: net.one\n',
  );
});

/** Ways to say when, and who had the address then. */
const MOMENTS: Readonly<Record<string, RegExp>> = {
  '14:04': /^web\/one /,
  '14:04:59': /^web\/one /,
  '14:05:00': /^Nobody/,
  '2026-01-02T14:03:00Z': /^web\/one /,
  '2026-01-02 14:03': /^web\/one /,
  '2026-01-02T15:03:00+01:00': /^web\/one /,
  '57m': /^web\/one /,
  '1h': /^web\/one /,
  '10m': /^ipipTunnelAddress had .* and has it still/,
  '23:00': /^Nobody had 10.1.2.3 at 2026-01-01T23:00/,
  '2026-01-02': /^Nobody/,
};

for (const [at, answer] of Object.entries(MOMENTS)) {
  t.test(`--at '${at}'`, async (t) => {
    const { stdout, stderr } = await node(t).cluster.run(['ipam', 'who', '10.1.2.3', '--at', at]);
    t.match(stdout, answer);
    t.equal(stderr, '');
  });
}

t.test('without a time all owners are shown', async (t) => {
  const { cluster } = node(t);
  const { stdout } = await cluster.run('ipam who 10.1.2.3');
  t.match(stdout, /\| 2026-01-02T14:00:00.000Z +\| 2026-01-02T14:05:00.000Z +\| web\/one +\| node1 +\| net.one +\|/);
  t.match(stdout, /\| 2026-01-02T14:10:00.000Z +\| now +\| ipipTunnelAddress/);
  t.equal((await cluster.run('ipam who 10.9.9.9')).stdout, 'The ledger knows nothing of 10.9.9.9\n');
});

t.test('what can’t be answered says why', async (t) => {
  const { cluster, path } = node(t);
  const said = async (line: string): Promise<string> => {
    const { code, stderr } = await cluster.run(line);
    t.equal(code, 1, line);
    return stderr;
  };
  t.match(await said('ipam who 10.1.2'), 'invalid IP address specified: 10.1.2');
  t.match(await said('ipam who 10.1.2.3 --at yesterday'), 'invalid time specified: yesterday');
  t.match(await said('ipam who 10.1.2.3 --at 25:61'), 'invalid time specified: 25:61');
  t.match(await said(`ipam who 10.1.2.3 --ledger ${path}-none`), 'there is no ledger');
  t.match(await said('ipam who 10.1.2.3 --ledger none'), 'no ledger is kept here');
});
