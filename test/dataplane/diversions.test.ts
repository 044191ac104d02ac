import t from 'tap';
import { sleep, systemClock } from '../../src/base/index.ts';
import { routesOfOthers, rulesOfOthers } from '../../src/daemon/routes-of-others.ts';
import { earlierRules } from '../../src/dataplane/routes/diversions.ts';
import { deviceNames, formatRule, type RoutingRule } from '../../src/netlink/index.ts';
import { pool } from '../calc/pool.ts';
import { FakeNft } from '../fakes/fake-nft.ts';
import { makeNamespace, needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { RealHost } from './real-host.ts';

t.setTimeout(3_600_000);

const PATIENCE = 30_000;
const VIA = 'via 172.16.0.9 dev eth0';
const [RANGE, RANGE_6] = ['10.244.0.0/16', 'fd00:244::/48'];

/** What somebody has set up, with commands of ip(8), and what the status says of it; nothing when it harms nobody. */
const SETTINGS: Readonly<Record<string, { readonly commands: readonly string[]; readonly told?: RegExp }>> = {
  'a table for all with a default route': {
    commands: ['rule add priority 100 lookup 7', `route add default ${VIA} table 7`],
    told: /100: from all lookup 7, where default via 172\.16\.0\.9 dev eth0 table 7 .* takes 10\.244\.0\.0\/16.*ip rule del priority 100/,
  },
  'one for what comes from an address': {
    commands: ['rule add priority 100 from 172.16.0.1 lookup 7', `route add 10.244.3.0/24 ${VIA} table 7`],
    told: /100: from 172\.16\.0\.1\/32 lookup 7, where 10\.244\.3\.0\/24 /,
  },
  'one in IPv6': {
    commands: ['-6 rule add priority 100 lookup 7', '-6 route add default via fd01::9 dev eth0 table 7'],
    told: /takes fd00:244::\/48.*ip -6 rule del priority 100/,
  },
  'one for pods alone': {
    commands: ['rule add priority 100 to 10.244.8.0/24 lookup 7', `route add default ${VIA} table 7`],
    told: /100: from all to 10\.244\.8\.0\/24 lookup 7/,
  },
  'one for others': {
    commands: ['rule add priority 100 to 192.0.2.0/24 lookup 7', `route add default ${VIA} table 7`],
  },
  'one that sends packets for pods on': {
    commands: [
      'rule add priority 100 lookup 7',
      `route add default ${VIA} table 7`,
      `route add throw ${RANGE} table 7`,
    ],
  },
  'one that has no route for them': {
    commands: ['rule add priority 100 lookup 7', `route add 192.0.2.0/24 ${VIA} table 7`],
  },
  'one that is empty': { commands: ['rule add priority 100 lookup 7'] },
  'one behind the main table': { commands: ['rule add priority 32767 lookup 7', `route add default ${VIA} table 7`] },
  'one behind the main table, which is asked before as well': {
    commands: [
      'rule add priority 100 lookup main',
      'rule add priority 101 lookup 7',
      `route add default ${VIA} table 7`,
    ],
  },
  'a route for one type of service': {
    commands: [`route add 10.244.1.0/26 tos 0x10 ${VIA} proto static`],
    told: /one type of service from ours: 10\.244\.1\.0\/26 tos 0x10 via .*ip route del 10\.244\.1\.0\/26 tos 0x10 proto 4/,
  },
};

t.test('rules and routes of others that lead packets past ours are named, and left alone', needsRoot, async (t) => {
  const { path, remove } = makeNamespace();
  const host = await RealHost.open(path, new FakeNft());
  host.furnish();
  host.ip('addr add fd01::1/64 dev eth0 nodad');
  const dataplane = RealHost.dataplane(host.kernel, host.nft);
  t.teardown(() => {
    dataplane.stop();
    host.close();
    remove();
  });
  await dataplane.start(wanted(['10.244.1.0/26'], {}, [pool(RANGE), pool(RANGE_6)]));
  await dataplane.routes.flush();
  const ip = (command: string): string => host.run(['ip', ...command.split(' ')]);
  const told = (): readonly string[] => {
    const names = deviceNames([...dataplane.links.values()]);
    return [
      ...routesOfOthers(dataplane.routes.foreign(), names),
      ...rulesOfOthers(dataplane.otherTables.diversions, names),
    ];
  };
  for (const [what, { commands, told: wanted }] of Object.entries(SETTINGS)) {
    for (const command of commands.toReversed()) ip(command);
    await dataplane.resync();
    if (wanted === undefined) t.same(told(), [], what);
    else t.match(told(), [wanted], what);
    for (const command of commands) ip(command.replace(' add ', ' del '));
    const end = systemClock.now() + PATIENCE;
    while (told().length > 0 && systemClock.now() < end) await sleep(systemClock, 20);
    t.same(told(), [], `${what}: gone without a full look`);
  }
  t.match(host.run(['ip', 'route', 'show', 'proto', '80']), '10.244.1.0/26', 'ours stands all the while');
});

t.test('rules count in their order, up to the first that leads all to the main table', async (t) => {
  const rule = (priority: number, table: number, more: Partial<RoutingRule> = {}): RoutingRule => ({
    family: 4,
    priority,
    table,
    ...more,
  });
  const rules = [
    rule(32766, 254),
    rule(0, 255),
    rule(99, 1, { protocol: 80 }),
    rule(1000, 0),
    rule(50, 7, { mark: 1 }),
    rule(40, 254, { source: '192.0.2.1/32' }),
    rule(30, 8),
    rule(32767, 253),
  ];
  t.same(earlierRules(rules).map(formatRule), ['30: from all lookup 8', '50: from all fwmark 0x1 lookup 7']);
  t.same(earlierRules([]), []);
});
