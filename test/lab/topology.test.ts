import { readFileSync } from 'node:fs';
import t from 'tap';
import { readTopology } from '../../src/lab/topology/read.ts';

const fabric = (nodes: string, more = ''): string => `name: fab
topology:
  nodes:
    n1: { kind: vrouter }
${nodes}
${more}`;

t.test('the example has two racks, with two ToRs each, and two spines', async (t) => {
  const { name, nodes, cables, ignored } = readTopology(readFileSync('deploy/examples/tor.yaml', 'utf8'));
  t.equal(name, 'tor');
  t.same(Object.groupBy(nodes, ({ kind }) => kind).vrouter?.length, 2);
  t.same(
    nodes.filter(({ kind }) => kind !== 'vrouter').map((one) => one.name),
    ['spine1', 'spine2', 'tor1a', 'tor1b', 'tor2a', 'tor2b'],
  );
  t.equal(cables.length, 12, 'each ToR has one node and both spines');
  t.same(ignored, [], 'and all of it is acted on');
});

t.test('kinds and defaults reach their nodes: lists run on, maps are merged, the nearest word counts', async (t) => {
  const { nodes } = readTopology(`
name: fab
topology:
  defaults: { kind: vrouter, exec: [one], env: { A: 1, B: x } }
  kinds:
    vrouter: { exec: [two], env: { B: y } }
    bird: { startup-config: all.conf }
  nodes:
    n1: { exec: [three], env: { C: true }, labels: { rack: 1 } }
    r1: { kind: bird, startup-config: "router id 10.0.0.1;\\n" }
    r2: { kind: bird }
    n2:
`);
  t.match(nodes, [
    { name: 'n1', exec: ['one', 'two', 'three'], env: { A: '1', B: 'y', C: 'true' }, labels: { rack: '1' } },
    { name: 'r1', config: { text: 'router id 10.0.0.1;\n' } },
    { name: 'r2', config: { path: 'all.conf' } },
    { name: 'n2', kind: 'vrouter' },
  ]);
});

t.test('a container of FRR or BIRD is known by the file that is bound into it', async (t) => {
  const { nodes, ignored } = readTopology(
    fabric(`    f:
      kind: linux
      image: quay.io/frrouting/frr:10.2.1
      binds: [f/frr.conf:/etc/frr/frr.conf, f/daemons:/etc/frr/daemons]
      exec: [vtysh -b, ip address add 10.0.0.1/31 dev eth1]
    b: { kind: linux, binds: ["b/bird.conf:/etc/bird/bird.conf:ro"] }
    l: { kind: linux }`),
  );
  t.match(nodes.slice(1), [
    { name: 'f', kind: 'frr', config: { path: 'f/frr.conf' }, exec: ['ip address add 10.0.0.1/31 dev eth1'] },
    { name: 'b', kind: 'bird', config: { path: 'b/bird.conf' } },
    { name: 'l', kind: 'linux', config: undefined },
  ]);
  t.same(ignored.toSorted(), [
    'topology.nodes.f.binds f/daemons:/etc/frr/daemons',
    'topology.nodes.f.exec vtysh -b',
    'topology.nodes.f.image',
  ]);
});

t.test('cables are written in either form, and what is no cable between two nodes is told', async (t) => {
  const { cables, ignored } = readTopology(
    `prefix: x
mgmt: { network: custom }
${fabric('    l: { kind: linux, mgmt-ipv4: 10.9.9.9 }')}  links:
    - endpoints: ["n1:eth1", "l:eth1"]
    - { type: veth, mtu: 9000, endpoints: [{ node: n1, interface: eth2 }, { node: l, interface: eth2 }] }
    - { type: host, endpoints: ["n1:eth3", "l:eth3"] }
`,
  );
  t.equal(cables.length, 2);
  t.same(cables[1], [
    { node: 'n1', interface: 'eth2' },
    { node: 'l', interface: 'eth2' },
  ]);
  t.same(ignored.toSorted(), [
    'mgmt',
    'prefix',
    'topology.links.1.mtu',
    'topology.links.2 of type host',
    'topology.nodes.l.mgmt-ipv4',
  ]);
});

t.test('a mistake is told with its field', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['a: [', /can't be read: /],
    ['', /can't be read: /],
    ['- a', /the file: /],
    ['topology: { nodes: {} }', /name: /],
    ['name: x', /topology: /],
    ['{ name: x, topology: { nodes: { l: { kind: linux } } } }', /topology\.nodes: none is of kind vrouter/],
    [
      fabric('    s: { kind: nokia_srlinux }'),
      /topology\.nodes\.s\.kind: 'nokia_srlinux' is none of vrouter, bird, frr/,
    ],
    [fabric('    s:'), /topology\.nodes\.s\.kind: '' is none/],
    [fabric('    s: { kind: bird }'), /topology\.nodes\.s\.startup-config: a bird needs one/],
    [fabric('    s: { kind: linux, exec: ip }'), /topology\.nodes\.s\.exec: /],
    [fabric('', '  links: [{ endpoints: ["n1:eth1"] }]'), /topology\.links\.0\.endpoints: /],
    [fabric('', '  links: [{ endpoints: ["n1", "n1:eth2"] }]'), /topology\.links\.0\.endpoints\.0/],
    [fabric('', '  links: [{ endpoints: ["n1:eth1", "x:eth2"] }]'), /topology\.links: x:eth2: there is no node 'x'/],
    [fabric('', '  links: [{ endpoints: ["n1:eth0", "n1:eth2"] }]'), /n1:eth0: eth0 is the lab's own/],
    [fabric('', '  links: [{ endpoints: ["n1:lo", "n1:eth2"] }]'), /n1:lo: no name for a link/],
    [fabric('', '  links: [{ endpoints: ["n1:eth1", "n1:eth1"] }]'), /n1:eth1 is the end of two links/],
    [fabric('', 'resources: [{ spec: {} }]'), /resources\.0/],
  ];
  for (const [text, message] of rows) t.throws(() => readTopology(text), { code: 'BAD_TOPOLOGY', message }, text);
});

t.test('the example with reflectors: a node has sessions with the ToRs of its rack alone, which reflect', async (t) => {
  const { nodes, ignored } = readTopology(readFileSync('deploy/examples/reflectors.yaml', 'utf8'));
  t.same(ignored, []);
  const tors = nodes.filter(({ name }) => name.startsWith('tor'));
  t.equal(tors.length, 4);
  for (const { config, kind } of tors)
    t.match(config, { text: kind === 'bird' ? /rr client; rr cluster id/ : /route-reflector-client/ });
});

t.test('a node of vRouter may be a reflector: it has a label that peers are selected by', async (t) => {
  const { nodes, ignored } = readTopology(
    fabric(`    rr: { kind: vrouter, reflector: 244.0.0.1, labels: { rack: 1 } }
    b: { kind: bird, startup-config: b.conf, reflector: 244.0.0.2 }`),
  );
  t.match(nodes[1], { reflector: '244.0.0.1', labels: { 'route-reflector': 'true', rack: '1' } });
  t.equal(nodes[2].reflector, undefined);
  t.same(ignored, ['topology.nodes.b.reflector'], 'of a router its configuration says it');
  t.throws(() => readTopology(fabric('    rr: { kind: vrouter, reflector: yes }')), {
    code: 'BAD_TOPOLOGY',
    message: /topology\.nodes\.rr\.reflector/,
  });
});
