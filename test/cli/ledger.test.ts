import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { runLedger } from '../../src/cli/index.ts';
import { ControlServer, RequestRefused } from '../../src/control/index.ts';
import { ledgerAnswer } from '../../src/daemon/ledger-answer.ts';
import { type LedgerEntry, LedgerFile } from '../../src/ipam/index.ts';
import { askCluster, type FakeNode, NOON } from './asked-cluster.ts';
import { Cluster, directory } from './harness.ts';

const minutes = (count: number): number => NOON + count * 60_000;

const of = (minute: number, event: LedgerEntry['event'], pod: string, node: string): LedgerEntry => ({
  ...{ time: minutes(minute), event, address: '10.1.2.3', handleId: `net.${pod}` },
  attributes: { pod, namespace: 'web', node },
});
const ONE = [of(-60, 'assigned', 'one', 'n1'), of(-30, 'released', 'one', 'n1')];
const TWO = [of(-20, 'assigned', 'two', 'n2')];

/** A daemon whose ledger has these, and the command beside it. */
async function ask(t: Test, entries: readonly LedgerEntry[] | undefined, words: readonly string[], uid = 0) {
  const folder = await directory(t, {});
  const path = entries === undefined ? 'none' : join(folder, 'ledger.jsonl');
  if (entries !== undefined) {
    const ledger = new LedgerFile({ path });
    ledger.append(entries);
    ledger.close();
  }
  const socket = join(folder, 'd.sock');
  const server = await ControlServer.listen(
    socket,
    async (request) => {
      if (request.op !== 'ledger') throw new RequestRefused('BAD_REQUEST', request.op);
      return ledgerAnswer(path, request.address);
    },
    silentLog,
  );
  t.teardown(() => server.close());
  const { clock } = new Cluster({}, NOON);
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runLedger(words, {
    ...{ env: { VROUTER_SOCKET: socket }, uid, clock },
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
  });
  return { code, stdout: out.join(''), stderr: err.join('') };
}

t.test('who had an address at a time, told by the daemon', async (t) => {
  const { code, stdout } = await ask(t, ONE, ['10.1.2.3', '--at', '11:10']);
  t.equal(code, 0);
  t.match(stdout, /^web\/one on n1 had 10\.1\.2\.3 at 2026-01-02T11:10:00\.000Z: since .*11:00:00.*, until .*11:30/);
  t.match(await ask(t, ONE, ['10.1.2.3', '--at', '11:40']), { code: 1, stdout: /^Nobody had/ });
});

t.test('all owners, as a table and as JSON', async (t) => {
  t.match(await ask(t, [...ONE, ...TWO], ['10.1.2.3']), { code: 0, stdout: /web\/one[\s\S]*web\/two/ });
  const { stdout } = await ask(t, [...ONE.slice(1), ...TWO], ['10.1.2.3', '-o', 'json']);
  t.match(JSON.parse(stdout), [
    { from: undefined, until: minutes(-30), attributes: { pod: 'one' } },
    { from: minutes(-20), until: undefined, handleId: 'net.two' },
  ]);
});

t.test('an address that nobody had, and what can not be asked', async (t) => {
  t.match(await ask(t, ONE, ['10.9.9.9']), { code: 1, stdout: /knows nothing of 10\.9\.9\.9/ });
  t.match(await ask(t, ONE, ['10.9']), { code: 2, stderr: /10\.9/ });
  t.match(await ask(t, undefined, ['10.1.2.3']), { code: 1, stderr: /no ledger is kept here/ });
  t.match(await ask(t, ONE, ['10.1.2.3'], 1000), { code: 1, stderr: /super user/ });
});

t.test('the ledgers of all nodes make one history; a node that is silent is named', async (t) => {
  const keeping = (entries: readonly LedgerEntry[]): FakeNode => ({ sessions: [1, 0], daemon: () => ({ entries }) });
  const nodes = { n1: keeping(ONE), n2: keeping(TWO), n3: undefined };
  const { code, stdout, stderr, left } = await askCluster(nodes, ['10.1.2.3', '--cluster'], runLedger);
  t.same([code, left], [0, 0]);
  t.match(stdout, /web\/one[\s\S]*web\/two/);
  t.match(stderr, /^n3: no answer/);
});
