import t from 'tap';
import { parseAddress } from '../../../src/base/index.ts';
import { Scene } from '../../../src/policy/cases/scene.ts';
import { packetsBetween, QuestionError, readCarried, readEnd } from '../../../src/policy/explain/index.ts';

const { world } = new Scene({
  namespaces: { red: {}, blue: {} },
  serviceAccounts: {},
  nodes: [{ name: 'node-1', addresses: ['192.168.0.1'], labels: {} }],
  pods: [
    pod('red', 'web', ['10.0.0.1', 'fd00::1']),
    pod('red', 'webserver', ['10.0.0.2']),
    pod('blue', 'web', ['fd00::3']),
    pod('blue', 'new', []),
  ],
}).world();

function pod(namespace: string, name: string, ip: string[]) {
  const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }];
  return { namespace, name, ip, labels: {}, ports, hostNetwork: false };
}

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof QuestionError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'not refused';
}

t.test('an end is a pod, a node or an address', async (t) => {
  t.match(readEnd('red/web', world), { kind: 'pod', name: 'red/web', addresses: { length: 2 } });
  t.match(readEnd('10.0.0.2', world), { kind: 'pod', name: 'red/webserver', addresses: { length: 1 } });
  t.match(readEnd('node-1', world), { kind: 'host', addresses: [parseAddress('192.168.0.1')] });
  t.match(readEnd('1.1.1.1', world), { kind: 'address', name: '1.1.1.1', endpoint: undefined });
});

t.test('a node is meant where a host endpoint of its name expects no address', async (t) => {
  const object = (kind: string, metadata: object, more: object) => ({
    apiVersion: 'projectcalico.org/v3',
    kind,
    metadata: { ...metadata },
    ...more,
  });
  const scene = new Scene({
    ...{ namespaces: {}, serviceAccounts: {}, pods: [] },
    nodes: [{ name: 'node-1', addresses: ['192.168.0.1'], labels: {} }],
  });
  const endpoints = [{ ip: '10.0.0.1', port: 80, protocol: 'TCP' }];
  const apply = [
    object('HostEndpoint', { name: 'node-1' }, { spec: { node: 'node-1', interfaceName: 'eth0' } }),
    object('Endpoints', { name: 'shop', namespace: 'red' }, { endpoints }),
  ];
  scene.change({ apply: apply as never, delete: [], labels: [], expect: [] });
  const { world } = scene.world();
  t.match(readEnd('node-1', world), { kind: 'host', addresses: [parseAddress('192.168.0.1')] });
  t.equal(
    refused(() => readEnd('red/shop', world)),
    'IS_SERVICE: red/shop is a Service, and policy sees where it leads to: ask about 10.0.0.1',
    'a Service is told to be one',
  );
});

const REFUSED: readonly (readonly [end: string, words: string])[] = [
  ['web', 'UNKNOWN_END: no pod, host or address is called "web"; there is blue/web, red/web, red/webserver'],
  ['red/wep', 'UNKNOWN_END: no pod, host or address is called "red/wep"; there is red/web'],
  ['node1', 'UNKNOWN_END: no pod, host or address is called "node1"; there is node-1'],
  ['something/else', 'UNKNOWN_END: no pod, host or address is called "something/else"'],
  ['blue/new', 'NO_ADDRESS: blue/new has no address yet'],
];

t.test('one that is not there is told with those that are like it', async (t) => {
  for (const [end, words] of REFUSED)
    t.equal(
      refused(() => readEnd(end, world)),
      words,
      end,
    );
});

const CARRIED: readonly (readonly [text: string, carried: object | string])[] = [
  ['tcp/443', { protocol: 6, destinationPort: 443 }],
  ['UDP/53', { protocol: 17, destinationPort: 53 }],
  ['sctp/1', { protocol: 132, destinationPort: 1 }],
  ['tcp/http', { protocol: 6, destinationPort: 8080 }],
  ['icmp', { protocol: 1, destinationPort: 0, icmp: { type: 8, code: 0 }, family: 4 }],
  ['icmp/3/4', { protocol: 1, destinationPort: 0, icmp: { type: 3, code: 4 }, family: 4 }],
  ['icmpv6', { protocol: 58, destinationPort: 0, icmp: { type: 128, code: 0 }, family: 6 }],
  ['50', { protocol: 50, destinationPort: 0 }],
  ['tcp', 'BAD_PORT: "tcp" has no port: write tcp/443'],
  ['tcp/70000', 'BAD_PORT: "tcp/70000": 70000 is not a number from 0 to 65535'],
  ['tcp/https', 'BAD_PORT: the destination has no tcp port called "https"; it has http'],
  ['udp/http', 'BAD_PORT: the destination has no udp port called "http"; it has http'],
  ['http', 'BAD_PROTOCOL: "http" is no protocol: write protocol and port, as tcp/443, udp/53 or icmp'],
  ['icmp/300', 'BAD_PORT: "icmp/300": 300 is not a number from 0 to 255'],
];

t.test('protocol and port are read as people write them', async (t) => {
  const { endpoint } = readEnd('red/web', world);
  for (const [text, carried] of CARRIED) {
    if (typeof carried === 'string')
      t.equal(
        refused(() => readCarried(text, endpoint)),
        carried,
        text,
      );
    else t.same(JSON.parse(JSON.stringify(readCarried(text, endpoint))), carried, text);
  }
});

t.test('there is a packet for each IP version that both ends have', async (t) => {
  const [web, other, blue] = ['red/web', 'red/webserver', 'blue/web'].map((name) => readEnd(name, world));
  const carried = readCarried('tcp/443', undefined);
  t.equal(packetsBetween(web, web, carried).length, 2);
  t.match(packetsBetween(web, other, carried), [{ sourcePort: 40_000, destinationPort: 443 }]);
  t.equal(packetsBetween(web, web, readCarried('icmpv6', undefined)).length, 1);
  t.match(
    refused(() => packetsBetween(other, blue, carried)),
    /^NO_FAMILY: red\/webserver and blue\/web have no IP version in common/,
  );
});
