import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Address, type Family, formatAddress, silentLog, VirtualClock } from '../../../src/base/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { policyTables } from '../../../src/dataplane/policy/index.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { openNft } from '../../../src/nftables/index.ts';
import { parseRuleset } from '../../../src/nftables/ruleset.ts';
import { walk } from '../../../src/nftables/walk.ts';
import { caseFile } from '../../../src/policy/cases/format.ts';
import { type Judge, judgeOf, runCases } from '../../../src/policy/cases/run.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import type { World } from '../../../src/policy/world.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { hasIpv6, inIpv6 } from '../../policy/ipv6-twin.ts';

/**
 * Every case once more, answered by the kernel: its policy is put into the packet filter, the table is read back, and each
 * probe goes its way through what was read. Whatever nft or the kernel makes of a rule, it has to say what the judge says.
 */
const NAMESPACE = `vrt-policy-${process.pid}`;
const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));
const { worlds } = caseFile.parse(read('calico'));

t.setTimeout(600_000);

t.test('the kernel says what the judge says', needsRoot, async (t) => {
  await mustRun(['ip', 'netns', 'add', NAMESPACE]);
  t.teardown(() => mustRun(['ip', 'netns', 'del', NAMESPACE]));
  const judge = new KernelJudge();
  for (const name of ['kubernetes', 'cluster-network-policy', 'calico', 'networks', 'matrix']) {
    for (const family of [4, 6] as const) {
      t.test(`${name}, IPv${family}`, async (t) => {
        const table = caseFile.parse(read(name));
        const cases = table.cases.filter((one) => family === 4 || !hasIpv6(one));
        const twin = (value: unknown): unknown => (family === 4 ? value : inIpv6(value));
        const file = caseFile.parse({
          format: table.format,
          worlds: twin({ ...worlds, ...table.worlds }),
          cases: cases.map(twin),
        });
        for (const { id, failures } of await runCases(file, {}, (world) => judge.of(world, family))) {
          t.same(failures.slice(0, 5), [], id);
        }
      });
    }
  }
});

/** Brings the policy of all pods of a world into the kernel as a node does, and answers by what is there then. */
class KernelJudge {
  readonly #nft = openNft({ namespace: `/run/netns/${NAMESPACE}` });
  readonly #room = new FilterReconciler({ nft: this.#nft, clock: new VirtualClock(), log: silentLog }).room();

  /** From the world before to this one, by a change and not anew. */
  async of(world: World, family: Family): Promise<Judge> {
    const local = world.endpoints
      .filter(({ kind }) => kind === 'pod')
      .map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
    await this.#room.want(policyTables(enforcementOf(world, local), 'cali'));
    const refused = this.#room.failures();
    if (refused.length > 0) throw new Error(refused.map(({ what, reason }) => `${what}: ${reason}`).join('\n'));
    const table = ['list', 'table', family === 4 ? 'ip' : 'ip6', 'vrouter-policy'];
    const ruleset = parseRuleset(await mustRun(inNamespace(NAMESPACE, ['nft', '-j', '-n', ...table])));
    const interfaces = new Map(
      local.flatMap(({ interfaceName, endpoint }) =>
        endpoint.addresses.map((address) => [formatAddress(address), interfaceName]),
      ),
    );
    const interfaceOf = (address: Address): string => interfaces.get(formatAddress(address)) ?? 'eth0';
    const pure = judgeOf(world);
    return (packet) => {
      const [iifname, oifname] = [interfaceOf(packet.source), interfaceOf(packet.destination)];
      const way = walk(ruleset, 'forward', { ...packet, iifname, oifname, state: 'new' });
      return {
        allowed: way.verdict === 'accept',
        words: `the kernel's way ends in ${way.chain} (${way.comment}), and the judge says ${pure(packet).words}`,
      };
    };
  }
}
