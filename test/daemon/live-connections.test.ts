import { execFileSync } from 'node:child_process';
import t from 'tap';
import { Entries, parseAddress, silentLog, VirtualClock } from '../../src/base/index.ts';
import type { Desired, DesiredWorkload } from '../../src/calc/desired/index.ts';
import { LiveConnections } from '../../src/daemon/live-connections.ts';
import { type Kernel, openKernel, type TrackedConnection } from '../../src/netlink/index.ts';
import { type Endpoint, LIVE_ANNOTATION, type Policy, readPolicy, World } from '../../src/policy/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

const [WEB, WEB6, DB, STRANGER, STRANGER6, SERVICE, NODE] = [
  '10.0.0.1',
  'fd00::1',
  '10.0.0.2',
  '10.9.0.9',
  'fd00::9',
  '10.96.0.1',
  '10.1.0.1',
];

const PODS: readonly Endpoint[] = [
  { kind: 'pod', name: 'shop/web', labels: { app: 'web' }, addresses: [WEB, WEB6].map((one) => parseAddress(one)) },
  { kind: 'pod', name: 'shop/db', labels: { app: 'db' }, addresses: [parseAddress(DB)] },
].map((pod) => ({
  ...pod,
  kind: 'pod',
  labels: { ...pod.labels, 'projectcalico.org/namespace': 'shop', 'projectcalico.org/orchestrator': 'k8s' },
  profiles: ['projectcalico-default-allow'],
  ports: [],
}));

/** Only what it allows comes to web. */
function policyOf(ingress: readonly object[], live: string | undefined, selector = 'app == "web"'): Policy {
  const { policies } = readPolicy({
    apiVersion: 'projectcalico.org/v3',
    kind: 'NetworkPolicy',
    metadata: {
      name: 'web',
      namespace: 'shop',
      ...(live === undefined ? {} : { annotations: { [LIVE_ANNOTATION]: live } }),
    },
    spec: { selector, types: ['Ingress'], ingress },
  });
  return policies[0];
}

let ports = 40_000;

function tcp(source: string, destination: string, port: number, answers = destination): TrackedConnection {
  const sourcePort = ports++;
  return {
    family: source.includes(':') ? 6 : 4,
    protocol: 6,
    original: { source, destination, sourcePort, destinationPort: port },
    reply: { source: answers, destination: source, sourcePort: port, destinationPort: sourcePort },
    id: sourcePort,
    zone: 0,
  };
}

interface Ground {
  readonly kernel: Kernel;
  follow(connections: readonly TrackedConnection[]): void;
  close(): void;
}

const GROUNDS: Readonly<Record<string, () => Promise<Ground>>> = {
  fake: async () => {
    const machine = new FakeMachine();
    machine.addNamespace('/run/netns/node');
    const kernel = machine.kernel('/run/netns/node');
    await kernel.addressAdd({ dev: 'lo', address: `${NODE}/32` });
    const follow = (connections: readonly TrackedConnection[]): void => {
      machine.namespace('/run/netns/node').connections = connections;
    };
    return { kernel, follow, close: () => kernel.close() };
  },
  linux: async () => {
    const { name, path, remove } = makeNamespace();
    const kernel = await openKernel({ namespace: path });
    await kernel.addressAdd({ dev: 'lo', address: `${NODE}/32` });
    const follow = (connections: readonly TrackedConnection[]): void => {
      for (const { original, reply } of connections) {
        const ends = ['-s', original.source, '-d', original.destination, '-r', reply.source, '-q', reply.destination];
        const its = ['--sport', String(original.sourcePort), '--dport', String(original.destinationPort)];
        const answers = [
          '--reply-port-src',
          String(reply.sourcePort),
          '--reply-port-dst',
          String(reply.destinationPort),
        ];
        const rest = ['-p', 'tcp', ...its, ...answers, '--state', 'ESTABLISHED', '-t', '1000'];
        execFileSync('ip', ['netns', 'exec', name, 'conntrack', '-I', ...ends, ...rest], { stdio: 'ignore' });
      }
    };
    const close = (): void => {
      kernel.close();
      remove();
    };
    return { kernel, follow, close };
  },
};

function worldOf(policy: Policy): World {
  return new World({
    policies: [policy],
    tiers: [],
    profiles: [],
    endpoints: PODS,
    networkSets: [],
    nodes: [],
    services: new Map(),
  });
}

/** Ports of the connections that are left, after policy has become this. */
async function left(
  ground: Ground,
  connections: readonly TrackedConnection[],
  policy: Policy,
): Promise<readonly number[]> {
  ground.follow(connections);
  const world = worldOf(policy);
  const clock = new VirtualClock();
  const live = new LiveConnections({
    kernel: ground.kernel,
    clock,
    log: silentLog,
    world: () => world,
    acknowledged: async () => {},
  });
  live.applied(desired(policy));
  await live.settled;
  live.stop();
  const found = await ground.kernel.connectionList();
  return found.map(({ original }) => original.sourcePort ?? 0).sort();
}

function desired(policy: Policy): Pick<Desired, 'policy' | 'workloads'> {
  const workloads = PODS.map(({ name, addresses: _ }, index): DesiredWorkload => {
    return {
      key: name,
      interfaceName: `cali${index}`,
      addresses: index === 0 ? [`${WEB}/32`, `${WEB6}/128`] : [`${DB}/32`],
      floatingIps: [],
      sourcePrefixes: [],
      why: name,
    };
  });
  return {
    workloads,
    policy: {
      endpoints: Entries.of(),
      classes: Entries.of(),
      policies: Entries.of([['web', policy]]),
      profiles: Entries.of(),
      sets: Entries.of(),
      problems: [],
    },
  };
}

for (const [name, open] of Object.entries(GROUNDS)) {
  t.test(`${name}: connections that policy denies now end, and no others`, async (t) => {
    const ground = await open();
    t.teardown(() => ground.close());
    const denied = [
      tcp(STRANGER, WEB, 80),
      tcp(STRANGER6, WEB6, 80),
      // By a service's address, which policy doesn't see.
      tcp(STRANGER, SERVICE, 80, WEB),
      tcp(DB, WEB, 81),
    ];
    const kept = [
      tcp(DB, WEB, 80),
      // Web's own, and another pod's.
      tcp(WEB, STRANGER, 80),
      tcp(STRANGER, DB, 80),
      // The node reaches its own pods.
      tcp(NODE, WEB, 80),
    ];
    const allowed = {
      action: 'Allow',
      protocol: 'TCP',
      source: { selector: 'app == "db"' },
      destination: { ports: [80] },
    };
    const ports = kept.map(({ original }) => original.sourcePort);
    t.same(await left(ground, [...denied, ...kept], policyOf([allowed], 'Revoke')), ports);
  });
}

t.test('an answer that was under way does not keep a connection', async (t) => {
  const ground = await GROUNDS['fake']();
  const policy = policyOf([], 'Revoke');
  const world = worldOf(policy);
  const clock = new VirtualClock();
  const live = new LiveConnections({
    kernel: ground.kernel,
    clock,
    log: silentLog,
    world: () => world,
    acknowledged: async () => {},
  });
  t.teardown(() => live.stop());
  const ended = tcp(STRANGER, WEB, 80);
  ground.follow([ended]);
  live.applied(desired(policy));
  await live.settled;
  t.same(await ground.kernel.connectionList(), []);
  const again = { ...ended, original: ended.reply, reply: ended.original };
  const own = tcp(WEB, STRANGER, 80);
  ground.follow([again, own]);
  await clock.advanceAsync(1000);
  await live.settled;
  t.same(await ground.kernel.connectionList(), [own], 'the other one web has begun itself');
  await clock.advanceAsync(60_000);
  await live.settled;
  ground.follow([again]);
  await clock.advanceAsync(60_000);
  await live.settled;
  t.same(await ground.kernel.connectionList(), [again], 'after a while it may be a new one, and nobody looks');
});

t.test('where no policy asks for it, nothing is read', async (t) => {
  for (const live of [undefined, 'Keep', 'nonsense']) {
    const ground = await GROUNDS['fake']();
    const connection = tcp(STRANGER, WEB, 80);
    t.same(await left(ground, [connection], policyOf([], live)), [connection.original.sourcePort]);
  }
});

t.test('a policy that asks for it is about its own endpoints', async (t) => {
  const ground = await GROUNDS['fake']();
  const connection = tcp(STRANGER, WEB, 80);
  const policy = policyOf([], 'Revoke', 'app == "db"');
  t.same(await left(ground, [connection], policy), [connection.original.sourcePort]);
});

t.test('what is neither Keep nor Revoke is told', async (t) => {
  const metadata = { name: 'web', namespace: 'shop', annotations: { [LIVE_ANNOTATION]: 'revoke' } };
  const spec = { selector: 'all()', types: ['Ingress'] };
  const { problems } = readPolicy({ apiVersion: 'projectcalico.org/v3', kind: 'NetworkPolicy', metadata, spec });
  t.match(problems, [{ field: /policyOnLiveConnections/, reason: /neither Keep nor Revoke/ }]);
});

t.test('the same again is not read again, and what fails is', async (t) => {
  const machine = new FakeMachine();
  machine.addNamespace('/run/netns/node');
  const clock = new VirtualClock();
  const policy = policyOf([], 'Revoke');
  const world = new World({
    policies: [policy],
    tiers: [],
    profiles: [],
    endpoints: PODS,
    networkSets: [],
    nodes: [],
    services: new Map(),
  });
  const live = new LiveConnections({
    kernel: machine.kernel('/run/netns/node'),
    clock,
    log: silentLog,
    world: () => world,
    acknowledged: async () => {},
  });
  const readings = (): number => machine.calls.filter((verb) => verb === 'connectionList').length;
  const state = desired(policy);
  machine.failOnce({ verb: 'connectionList', code: 'ENOBUFS' });
  live.applied(state);
  live.applied(state);
  await live.settled;
  t.equal(readings(), 1);
  await clock.advanceAsync(2000);
  await live.settled;
  t.equal(readings(), 2);
  live.applied(state);
  await clock.advanceAsync(5000);
  await live.settled;
  t.equal(readings(), 2);
  live.stop();
});
