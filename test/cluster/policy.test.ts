import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { inNamespace } from '../../src/lab/command.ts';
import type { Lab, PodState } from '../../src/lab/index.ts';
import { cluster, needsRoot, podsOf } from './cluster.ts';
import { MAIN } from './program.ts';

/** An operator's day with policy, on two nodes with daemons of their own. */

const POLICY = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: db
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - action: Allow
    source:
      selector: app == 'web'
`;

async function calicoctl(lab: Lab, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await lab.calicoctl('node1', args, input);
  if (code !== 0) throw new Error(stderr);
}

async function label(lab: Lab, { node, name }: PodState, labels: object): Promise<void> {
  const endpoint = `${node}-k8s-${name.replaceAll('-', '--')}-eth0`;
  const patch = JSON.stringify({ metadata: { labels } });
  await calicoctl(lab, ['patch', 'workloadendpoint', endpoint, '--namespace', 'lab', '--patch', patch]);
}

async function reaches(lab: Lab, from: PodState, to: PodState): Promise<boolean> {
  return (await lab.ping(from, `${to.address}`)) !== undefined;
}

/** A program that takes all connections, and says again and again how many octets each other end has sent. */
const TAKER = `
const sent = {};
require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => (sent[socket.remoteAddress] = (sent[socket.remoteAddress] ?? 0) + data.length));
}).listen(5201, '0.0.0.0');
setInterval(() => console.log(JSON.stringify(sent)), 50);
`;
/** One that connects, and sends for ever. */
const GIVER = `
const connect = () => {
  const socket = require('node:net').connect(5201, process.argv[1]);
  let isOpen = false;
  const send = () => socket.write(Buffer.alloc(1000), () => setTimeout(send, 1));
  socket.on('connect', () => { isOpen = true; send(); });
  socket.on('error', () => { if (!isOpen) setTimeout(connect, 50); });
};
connect();
`;

/** Streams from pods to one: how many octets of each have come. */
class Streams {
  sent: Readonly<Record<string, number>> = {};

  constructor(t: Test, to: PodState, from: readonly PodState[]) {
    const start = (pod: PodState, program: string, ...words: readonly string[]) => {
      const [file, ...rest] = inNamespace(pod.namespace, [process.execPath, '-e', program, ...words]);
      const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
      t.teardown(() => child.kill('SIGKILL'));
      return child;
    };
    createInterface(start(to, TAKER).stdout).on('line', (line) => {
      this.sent = JSON.parse(line);
    });
    for (const pod of from) start(pod, GIVER, `${to.address}`);
  }

  of({ address }: PodState): number {
    return this.sent[`${address}`] ?? 0;
  }
}

async function policyTables(lab: Lab, node: string): Promise<string> {
  const { stdout } = await lab.exec(node, ['nft', 'list', 'ruleset']);
  return stdout.includes('table ip vrouter-policy') ? stdout : '';
}

t.test(
  'a policy that revokes cuts streams of those that it does not name any more, and no others',
  needsRoot,
  async (t) => {
    const lab = await cluster(t, { nodes: 2, pods: 2 });
    const [web, other] = podsOf(lab, 'node1');
    const [db, neighbour] = podsOf(lab, 'node2');
    await label(lab, db, { app: 'db' });
    for (const pod of [web, other, neighbour]) await label(lab, pod, { app: 'web' });
    const live = '  annotations: { projectcalico.org/policyOnLiveConnections: Revoke }\n';
    await calicoctl(lab, ['apply', '-f', '-'], POLICY.replace('  name: db\n', `  name: db\n${live}`));
    const streams = new Streams(t, db, [web, other, neighbour]);
    /** Waits until this one has sent so much more. */
    const goesOn = async (pod: PodState, octets = 100_000): Promise<void> => {
      const before = streams.of(pod);
      await lab.until(`${pod.name} to go on`, async () => {
        if (streams.of(pod) < before + octets) throw new Error(`${streams.of(pod) - before}`);
        return true;
      });
    };
    for (const pod of [web, other, neighbour]) await goesOn(pod);
    for (const cut of [other, neighbour]) {
      await label(lab, cut, { app: 'none' });
      await lab.until(`the stream of ${cut.name} to be cut`, async () => {
        const before = streams.of(cut);
        await goesOn(web);
        return streams.of(cut) === before;
      });
    }
    await goesOn(web, 500_000);
  },
);

t.test('a policy closes a pod to all but those that it names', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 2 });
  const [web, other] = podsOf(lab, 'node1');
  const [db, neighbour] = podsOf(lab, 'node2');
  t.equal(await policyTables(lab, 'node2'), '', 'without policy nobody is asked');
  await label(lab, web, { app: 'web' });
  await label(lab, db, { app: 'db' });
  await calicoctl(lab, ['apply', '-f', '-'], POLICY);
  await lab.until('the policy to be there', async () => !(await reaches(lab, other, db)));
  t.ok(await reaches(lab, web, db), 'whom it names, from another node');
  t.notOk(await reaches(lab, neighbour, db), 'nobody else, from the same node either');
  t.ok(await reaches(lab, db, other), 'what the pod itself begins has its answers');
  t.ok(await reaches(lab, other, neighbour), 'and others talk as before');
  t.match(await policyTables(lab, 'node2'), /counter packets [1-9]\d* bytes \d+ drop/, 'a drop is counted');

  await t.test('a packet is sent to ask, and what came of it is what policy says', async (t) => {
    const ask = async (node: string, from: PodState | string, to: PodState, carried: string) => {
      const ends = [from, to].map((end) => (typeof end === 'string' ? end : `lab/${end.name}`));
      const words = [process.execPath, MAIN, 'policy', 'why', ...ends, carried, '--probe', '-o', 'json'];
      const { code, stdout, stderr } = await lab.exec(node, words);
      if (stdout === '') throw new Error(stderr);
      const [{ allowed, probe }] = JSON.parse(stdout).verdicts;
      return { code, allowed, probe };
    };
    t.match(await ask('node1', web, db, 'icmp'), { code: 0, allowed: true, probe: { said: 'answered', agrees: true } });
    for (const carried of ['tcp/81', 'udp/81']) {
      const answer = await ask('node1', web, db, carried);
      t.match(answer, { code: 0, allowed: true, probe: { said: 'refused', dropped: [], agrees: true } }, carried);
    }
    for (const carried of ['icmp', 'tcp/81', 'udp/81']) {
      const dropped = ['ingress end of tier default'];
      const answer = await ask('node2', neighbour, db, carried);
      t.match(answer, { code: 1, allowed: false, probe: { said: 'nothing', dropped, agrees: true } }, carried);
    }
    const far = await ask('node1', other, db, 'tcp/81');
    t.match(far, { code: 1, allowed: false, probe: { said: 'nothing', dropped: [], words: /the other node/ } });
    t.equal('agrees' in far.probe, false, 'silence does not say where it was dropped');
    t.match(await ask('node1', 'node1', other, 'icmp'), { code: 0, probe: { said: 'answered', agrees: true } });
    const elsewhere = /on node node2: vrouter policy why lab\/\S+ lab\/\S+ tcp\/81 --probe/;
    t.match(await ask('node1', neighbour, db, 'tcp/81'), { code: 2, probe: { said: 'not sent', words: elsewhere } });
  });

  await t.test('a label is enough to be let in, and to be kept out again', async (t) => {
    await label(lab, other, { app: 'web' });
    await lab.until('the other pod to be let in', () => reaches(lab, other, db));
    await label(lab, other, { app: 'none' });
    await lab.until('it to be kept out', async () => !(await reaches(lab, other, db)));
    t.ok(await reaches(lab, web, db));
  });

  await t.test('it stays while the daemon is away, and when it is back', async (t) => {
    await lab.endDaemon('node2', 'SIGKILL');
    t.notOk(await reaches(lab, other, db), 'without a daemon');
    t.ok(await reaches(lab, web, db));
    await lab.startDaemon('node2');
    await lab.untilConverged();
    t.notOk(await reaches(lab, other, db), 'with the next one');
    t.ok(await reaches(lab, web, db));
  });

  await t.test('a pod that comes later is held to it, and reached where nothing forbids it', async (t) => {
    const late = await lab.addPod('node2');
    t.ok(await reaches(lab, other, late), 'it is answered when all that it needs is there');
    t.notOk(await reaches(lab, late, db));
  });

  await t.test('somebody who takes the table away does not open anything for long', async (t) => {
    await lab.exec('node2', ['nft', 'delete', 'table', 'ip', 'vrouter-policy']);
    await lab.until('it to be back', async () => (await policyTables(lab, 'node2')) !== '');
    t.notOk(await reaches(lab, other, db));
  });

  await t.test('without the policy all is as before, and no table is left', async (t) => {
    await calicoctl(lab, ['delete', 'globalnetworkpolicy', 'db']);
    await lab.until('the pod to be open', () => reaches(lab, other, db));
    await lab.until('the table to go', async () => (await policyTables(lab, 'node2')) === '');
    t.ok((await lab.reachability()).complete);
  });
});
