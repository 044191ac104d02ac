import { type Address, type Family, formatAddress, VirtualClock } from '../../../src/base/index.ts';
import type { PolicySettings } from '../../../src/calc/desired/index.ts';
import { FilterReconciler, type FilterRoom } from '../../../src/dataplane/filter/index.ts';
import { PolicyTables } from '../../../src/dataplane/policy/index.ts';
import type { Stretches } from '../../../src/dataplane/policy/stretch.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { openNft } from '../../../src/nftables/index.ts';
import { parseRuleset } from '../../../src/nftables/ruleset.ts';
import { walk } from '../../../src/nftables/walk.ts';
import { type Judge, judgeOf } from '../../../src/policy/cases/run.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import type { World } from '../../../src/policy/world.ts';
import { DesiredPolicies } from './desired.ts';
import { Telltale } from './telltale.ts';

/** Tiers of any length are asked in stretches, and these are as short as can be. */
export const SHORT: Stretches = { from: 1, least: 1, usual: 3, most: 4 };

/** Brings the policy of all pods of a world into the kernel as a node does, and answers by what is there then. */
export class KernelJudge {
  readonly #namespace: string;
  readonly #room: FilterRoom;
  readonly #desired = new DesiredPolicies();
  readonly #telltale = new Telltale();
  readonly #tables: PolicyTables;

  readonly #settings: PolicySettings | undefined;

  /** The name of a network namespace that is the test's own, how rules are written, and which tiers are asked in stretches. */
  constructor(namespace: string, { settings, sizes }: { settings?: PolicySettings; sizes?: Stretches } = {}) {
    this.#tables = new PolicyTables('cali', sizes);
    this.#namespace = namespace;
    this.#settings = settings;
    const nft = openNft({ namespace: `/run/netns/${namespace}` });
    this.#room = new FilterReconciler({ nft, clock: new VirtualClock(), log: this.#telltale }).room();
  }

  /** From the world before to this one, by a change and not anew: pod n is behind `calin`, everything else behind `eth0`. */
  async of(world: World, family: Family): Promise<Judge> {
    const local = world.endpoints
      .filter(({ kind }) => kind === 'pod')
      .map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
    const desired = { ...this.#desired.of(enforcementOf(world, local)), settings: this.#settings };
    await this.#room.want(this.#tables.of(desired));
    this.#telltale.check();
    const refused = this.#room.failures();
    if (refused.length > 0) throw new Error(refused.map(({ what, reason }) => `${what}: ${reason}`).join('\n'));
    const table = ['list', 'table', family === 4 ? 'ip' : 'ip6', 'vrouter-policy'];
    const ruleset = parseRuleset(await mustRun(inNamespace(this.#namespace, ['nft', '-j', '-n', ...table])));
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
