import { Entries, type Family, formatAddress, VirtualClock } from '../../../src/base/index.ts';
import type { PolicySettings } from '../../../src/calc/desired/index.ts';
import { FilterReconciler, type FilterRoom } from '../../../src/dataplane/filter/index.ts';
import type { HostSurroundings } from '../../../src/dataplane/policy/host-parts.ts';
import { hooksOf, PolicyTables } from '../../../src/dataplane/policy/index.ts';
import { inNamespace, mustRun } from '../../../src/lab/command.ts';
import { openNft } from '../../../src/nftables/index.ts';
import { parseRuleset } from '../../../src/nftables/ruleset.ts';
import { walkHooks } from '../../../src/nftables/walk.ts';
import { type HostJudge, hostJudgeOf } from '../../../src/policy/cases/run.ts';
import { enforcementOf } from '../../../src/policy/enforcement.ts';
import type { HostPacket, HostSettings } from '../../../src/policy/host.ts';
import { hostEnforcementOf } from '../../../src/policy/index.ts';
import type { World } from '../../../src/policy/world.ts';
import { DesiredPolicies } from './desired.ts';
import { Telltale } from './telltale.ts';

/** An interface that no case has a host endpoint on, for the other end of what passes through. */
const ELSEWHERE = 'else0';

/** As `KernelJudge`, for packets that meet host endpoints: hook by hook, as the packet would come by. */
export class HostKernelJudge {
  readonly #namespace: string;
  readonly #room: FilterRoom;
  readonly #desired = new DesiredPolicies();
  readonly #telltale = new Telltale();
  readonly #tables = new PolicyTables('cali');

  #surroundings: HostSurroundings;

  readonly #written: PolicySettings | undefined;

  /**
   * The name of a network namespace that is the test's own, the addresses of its links where some are expected, and how
   * rules are written.
   */
  constructor(namespace: string, links: HostSurroundings['links'] = new Map(), written?: PolicySettings) {
    this.#namespace = namespace;
    this.#written = written;
    const none = { between: [], nodes: Entries.of<string>(), wireguard: undefined };
    this.#surroundings = { links, tunnels: { 4: none, 6: none } };
    const nft = openNft({ namespace: `/run/netns/${namespace}` });
    this.#room = new FilterReconciler({ nft, clock: new VirtualClock(), log: this.#telltale }).room();
  }

  /** The node's links have these addresses from now on. */
  haveLinks(links: HostSurroundings['links']): void {
    this.#surroundings = { ...this.#surroundings, links };
  }

  /** From the world before to this one, by a change and not anew. */
  async of(world: World, settings: HostSettings, family: Family): Promise<HostJudge> {
    const local = world.endpoints
      .filter(({ kind }) => kind === 'pod')
      .map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
    const hosts = hostEnforcementOf(world, settings.node);
    const desired = this.#desired.of(enforcementOf(world, local), hosts, settings);
    await this.#room.want(this.#tables.of({ ...desired, settings: this.#written }, this.#surroundings));
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
    const podAt = (address: HostPacket['source']): string => interfaces.get(formatAddress(address)) ?? ELSEWHERE;
    const pure = hostJudgeOf(world, settings);
    return (packet) => {
      const way = walkHooks(ruleset, hooksOf(packet, podAt));
      return {
        allowed: way.verdict === 'accept',
        words: `the kernel's way ends in ${way.chain} (${way.comment}), and the judge says ${pure(packet).words}`,
      };
    };
  }
}
