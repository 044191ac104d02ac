import t from 'tap';
import { sleep, systemClock } from '../../../src/base/index.ts';
import type { Desired } from '../../../src/calc/index.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { wanted } from '../host.ts';
import { FAMILIES, POD, PodNetwork } from '../pod-network.ts';
import { heldTo, policyThat } from './held.ts';

t.setTimeout(600_000);

/** Milliseconds for which a repair is waited for, on a busy machine. */
const PATIENCE = 30_000;
const LINK = POD.interfaceName;
const DENIED: Desired = { ...wanted([]), workloads: [POD], policy: heldTo(policyThat('Deny'), [LINK]) };
const ALLOWED: Desired = { ...DENIED, policy: heldTo(policyThat('Allow'), [LINK]) };
const FREE: Desired = { ...DENIED, policy: undefined };

/** What somebody may do to the tables, each by one command. */
const ATTACKS: readonly string[] = [
  'nft flush ruleset',
  'nft delete table ip vrouter-policy',
  'nft flush chain ip6 vrouter-policy forward',
  'nft insert rule ip vrouter-policy forward accept',
  `nft delete element ip vrouter-policy to-pods '{ "${LINK}" }'`,
  `nft delete element ip6 vrouter-policy from-pods '{ "${LINK}" }'`,
];

/** The tables of policy, as nft lists them. */
function kept(network: PodNetwork): string {
  const listed = network.run(
    'node',
    'sh',
    '-c',
    'for family in ip ip6; do nft list table $family vrouter-policy 2>&1; done; true',
  );
  return listed.replaceAll(/counter packets \d+ bytes \d+/g, 'counter');
}

t.test(
  'policy that somebody changes in the kernel comes back by itself, and the pod stays closed',
  needsRoot,
  async (t) => {
    const network = await PodNetwork.create(t);
    await network.dataplane.start(DENIED);
    await network.dataplane.resync();
    const asWanted = kept(network);
    t.match(asWanted, /to-pods/);
    for (const attack of ATTACKS) {
      network.run('node', 'sh', '-c', attack);
      const start = systemClock.now();
      while (kept(network) !== asWanted && systemClock.now() < start + PATIENCE) await sleep(systemClock, 20);
      t.equal(kept(network), asWanted, attack);
      t.comment(`${attack}: ${systemClock.now() - start} ms`);
      for (const family of [4, 6] as const) t.notOk(network.ping('outside', FAMILIES[family].pod), `IPv${family}`);
    }
  },
);

t.test(
  'a restarted daemon changes nothing of what stands, and the node can always ping its pods',
  needsRoot,
  async (t) => {
    const network = await PodNetwork.create(t);
    await network.dataplane.start(DENIED);
    await network.dataplane.resync();
    const handles = () => network.run('node', 'nft', '-a', 'list', 'table', 'ip', 'vrouter-policy');
    const before = handles();
    network.dataplane.stop();
    t.equal(handles(), before, 'it stays while nobody looks after it');
    const next = network.restarted();
    await next.start(DENIED);
    t.equal(handles(), before, 'and the next daemon leaves every rule as it is');
    for (const family of [4, 6] as const) {
      t.ok(network.ping('node', FAMILIES[family].pod), `IPv${family}: as kubelet does`);
      t.notOk(network.ping('outside', FAMILIES[family].pod), `IPv${family}: others are denied`);
    }
    next.apply(ALLOWED);
    await next.policy.settled;
    for (const family of [4, 6] as const)
      t.ok(network.ping('outside', FAMILIES[family].pod), `IPv${family} is allowed`);
    next.apply(FREE);
    await next.policy.settled;
    t.notMatch(network.tables().join(), /vrouter-policy/, 'without policy there is no table');
  },
);
