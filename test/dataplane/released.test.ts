import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { Desired, DesiredWorkload } from '../../src/calc/desired/index.ts';
import { ReleasedAddresses } from '../../src/dataplane/connections/released.ts';
import type { TrackedConnection } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

const SPACE = '/run/netns/node';

function connection(id: number, source: string, destination: string, answers = destination): TrackedConnection {
  const family = source.includes(':') ? 6 : 4;
  return {
    family,
    protocol: 6,
    original: { source, destination, sourcePort: id, destinationPort: 80 },
    reply: { source: answers, destination: source, sourcePort: 80, destinationPort: id },
    id,
    zone: 0,
  };
}

function ground() {
  const machine = new FakeMachine();
  machine.addNamespace(SPACE);
  const clock = new VirtualClock();
  const released = new ReleasedAddresses({ kernel: machine.kernel(SPACE), clock, log: silentLog });
  const space = machine.namespace(SPACE);
  return {
    machine,
    clock,
    released,
    space,
    left: () => space.connections.map(({ id }) => id),
    apply: (
      pods: Readonly<Record<string, readonly string[]>>,
      floating: readonly (readonly [string, string])[] = [],
    ) => {
      released.apply(desired(pods, floating));
      return released.settled;
    },
  };
}

function desired(
  pods: Readonly<Record<string, readonly string[]>>,
  floating: readonly (readonly [string, string])[],
): Pick<Desired, 'workloads' | 'nat'> {
  const workloads = Object.entries(pods).map(
    ([key, addresses]): DesiredWorkload => ({
      key,
      interfaceName: `cali${key}`,
      addresses: addresses.map((address) => `${address}/${address.includes(':') ? 128 : 32}`),
      floatingIps: [],
      sourcePrefixes: [],
      why: key,
    }),
  );
  const floatingIps = floating.map(([external, internal]) => ({ external, internal, why: 'floating' }));
  return {
    workloads,
    nat: { hosts: undefined, address: undefined, ports: undefined, outInterface: undefined, floatingIps },
  };
}

t.test('when a pod ends its connections go, whichever end and family, and no others', async (t) => {
  const { apply, space, left } = ground();
  space.connections = [
    connection(1, '10.0.0.1', '10.0.0.9'),
    connection(2, '10.0.0.9', '10.0.0.1'),
    connection(3, '10.0.0.9', '10.96.0.1', '10.0.0.1'),
    connection(4, 'fd00::1', 'fd00::9'),
    connection(5, '10.0.0.2', '10.0.0.9'),
    connection(6, 'fd00::2', 'fd00::1'),
  ];
  await apply({ web: ['10.0.0.1', 'fd00::1'], db: ['10.0.0.2', 'fd00::2'] });
  t.equal(left().length, 6, 'nobody has left yet');
  await apply({ db: ['10.0.0.2', 'fd00::2'] });
  t.same(left(), [5]);
});

t.test('a pod that loses an address, and one that takes it over', async (t) => {
  const { apply, space, left, clock } = ground();
  space.connections = [connection(1, '10.0.0.1', '10.0.0.9'), connection(2, '10.0.0.2', '10.0.0.9')];
  await apply({ web: ['10.0.0.1', '10.0.0.2'] });
  await apply({ web: ['10.0.0.2'] });
  t.same(left(), [2]);
  await clock.advance(1000);
  await apply({ db: ['10.0.0.2'] });
  t.same(left(), [], 'what was web’s is not db’s');
});

t.test('a floating address that goes, or leads to another pod', async (t) => {
  const { apply, space, left, clock } = ground();
  const pods = { web: ['10.0.0.1'], db: ['10.0.0.2'] };
  const both = (): void => {
    space.connections = [
      connection(1, '192.0.2.9', '198.51.100.1', '10.0.0.1'),
      connection(2, '192.0.2.9', '10.0.0.1', '10.0.0.1'),
    ];
  };
  both();
  await apply(pods, [['198.51.100.1', '10.0.0.1']]);
  t.same(left(), [1, 2]);
  await apply(pods, [['198.51.100.1', '10.0.0.2']]);
  t.same(left(), [2]);
  both();
  await clock.advance(1000);
  await apply(pods);
  t.same(left(), [2]);
});

t.test('a hundred pods that end one after another are two passes over the table', async (t) => {
  const { apply, machine, clock, released } = ground();
  const pods = Object.fromEntries(Array.from({ length: 100 }, (_, pod) => [`p${pod}`, [`10.0.0.${pod}`]]));
  await apply(pods);
  for (let pod = 0; pod < 100; pod++) {
    delete pods[`p${pod}`];
    await apply(pods);
  }
  await clock.advance(1000);
  await released.settled;
  t.equal(machine.calls.filter((verb) => verb === 'connectionList').length, 2);
});

t.test('what fails is tried again, unless this kernel follows no connections', async (t) => {
  for (const [code, verb, isTriedAgain] of [
    ['ENOBUFS', 'connectionList', true],
    ['EBUSY', 'connectionsDelete', true],
    ['EOPNOTSUPP', 'connectionList', false],
  ] as const) {
    const { apply, machine, space, left, clock, released } = ground();
    space.connections = [connection(1, '10.0.0.1', '10.0.0.9')];
    await apply({ web: ['10.0.0.1'] });
    machine.failOnce({ verb, code });
    await apply({});
    t.same(left(), [1], code);
    await clock.advance(2000);
    await released.settled;
    t.same(left(), isTriedAgain ? [] : [1], code);
  }
});
