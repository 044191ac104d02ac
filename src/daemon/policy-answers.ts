import { formatAddress, tryParseInterfaceAddress } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { ChangesAnswer, EffectiveAnswer, StagedAnswer, VerifyAnswer, WhyAnswer } from '../control/index.ts';
import { RequestRefused } from '../control/index.ts';
import { type Dataplane, policyTable } from '../dataplane/index.ts';
import type { Update } from '../datastore/index.ts';
import type { Connection, Kernel } from '../netlink/index.ts';
import type { RulesetSource } from '../nftables/index.ts';
import { QuestionError } from '../policy/explain/index.ts';
import type { Direction, Endpoint, Packet, World } from '../policy/index.ts';
import { endOf, KernelTables, type LocalPod } from './policy-kernel.ts';
import { changedFlows, stagedChanges } from './policy-staged.ts';
import { type Comparison, comparePod } from './policy-verify.ts';
import { answerEffective, answerWhy, type KernelWord, type WhyQuestion } from './policy-why.ts';

/** Disagreements that are told one by one. */
const TOLD = 20;

export interface PolicyAnswersOptions {
  readonly nodename: string;
  readonly world: () => World;
  /** The same, were these objects otherwise. */
  readonly worldIf: (updates: readonly Update[]) => World;
  readonly desired: () => Desired;
  readonly kernel: Pick<Kernel, 'routeGet' | 'connectionList'>;
  readonly dataplane: Pick<Dataplane, 'policy' | 'links'>;
  /** Absent: the kernel can't be read. */
  readonly rulesets: RulesetSource | undefined;
}

/** A pod of this node as policy sees it. */
interface LocalEndpoint extends LocalPod {
  readonly endpoint: Endpoint;
}

/** What people and the self-check ask about policy: of the judge, and of the kernel's tables. */
export class PolicyAnswers {
  readonly #options: PolicyAnswersOptions;

  constructor(options: PolicyAnswersOptions) {
    this.#options = options;
  }

  async why(question: WhyQuestion): Promise<WhyAnswer> {
    const { nodename, world } = this.#options;
    return await asked(() =>
      answerWhy(question, { world: world(), nodename, askKernel: (packet) => this.#askKernel(packet) }),
    );
  }

  async effective(pod: string): Promise<EffectiveAnswer> {
    return await asked(async () => answerEffective(pod, this.#options.world()));
  }

  /** All pods of the node in both directions, at once. */
  async verify(): Promise<VerifyAnswer> {
    const told: string[] = [];
    let [packets, wrong] = [0, 0];
    const locals = this.#locals();
    const tables = await this.#tables();
    if (tables === undefined) throw new RequestRefused('NO_TABLES', 'the tables of the kernel can not be read here');
    const directions = ['egress', 'ingress'] as const satisfies readonly Direction[];
    for (const { endpoint } of locals) {
      for (const direction of directions) {
        const compared = await this.#compare(endpoint, direction, tables);
        packets += compared.packets;
        wrong += compared.disagreements.length;
        for (const { words } of compared.disagreements) if (told.length < TOLD) told.push(words);
      }
    }
    return { endpoints: locals.length, packets, disagreements: told, more: wrong - told.length };
  }

  /** The live connections of this node's pods whose verdict would change if all that is staged were enforced. */
  async staged(): Promise<StagedAnswer> {
    const connections = await this.#connections();
    return stagedChanges(this.#options.world(), connections);
  }

  /** Those whose verdict would change if these objects were as the updates have them. */
  async changes(updates: readonly Update[]): Promise<ChangesAnswer> {
    const connections = await this.#connections();
    return changedFlows(this.#options.world(), this.#options.worldIf(updates), connections);
  }

  /** Of this node's pods. */
  #connections(): Promise<readonly Connection[]> {
    const addresses = new Set(this.#locals().flatMap((one) => one.addresses.map(formatAddress)));
    return this.#options.kernel.connectionList({ addresses });
  }

  /** What one of its pods shows; undefined when the class is gone, or nothing can be read. */
  async compareClass(key: string): Promise<readonly string[] | undefined> {
    const first = await this.#compareOnce(key);
    // What changed while it was read is looked at once more.
    return first === undefined || first.length === 0 ? first : await this.#compareOnce(key);
  }

  async #compareOnce(key: string): Promise<readonly string[] | undefined> {
    const { policy } = this.#options.desired();
    const [interfaceName, classes] =
      [...(policy?.endpoints ?? [])].find(([, of]) => of.egress === key || of.ingress === key) ?? [];
    const pod = this.#locals().find((one) => one.interfaceName === interfaceName);
    const tables = pod && (await this.#tables());
    if (pod === undefined || tables === undefined) return undefined;
    const compared = await this.#compare(pod.endpoint, classes?.egress === key ? 'egress' : 'ingress', tables);
    return compared.disagreements.map(({ words }) => words);
  }

  #compare(endpoint: Endpoint, direction: Direction, tables: KernelTables): Promise<Comparison> {
    const world = this.#options.world();
    const areHostsAsked = world.endpoints.some(({ kind, node }) => kind === 'host' && node === this.#options.nodename);
    return comparePod(world, endpoint, direction, tables, areHostsAsked);
  }

  async #askKernel(packet: Packet): Promise<KernelWord> {
    const tables = await this.#tables(await this.#uplinkTo(packet));
    if (tables === undefined) return { words: 'its tables can not be read here' };
    const { source, destination } = packet;
    if (!tables.isHere(source) && !tables.isHere(destination)) return { words: 'neither end is a pod of this node' };
    const nodes = this.#options.world().nodesAt(tables.isHere(source) ? destination : source);
    if (nodes.some(({ name }) => name === this.#options.nodename)) {
      return { words: 'a packet between a pod and its own node goes another way than between pods' };
    }
    const way = tables.way(packet);
    if (typeof way === 'string') return { words: way };
    return { allowed: way.verdict === 'accept', words: `it would ${way.verdict} it in ${endOf(way)}` };
  }

  /** The interface by which the packet comes or goes, where one of its ends is elsewhere. */
  async #uplinkTo({ source, destination }: Packet): Promise<string | undefined> {
    const { kernel, dataplane } = this.#options;
    const here = new Set(this.#locals().flatMap(({ addresses }) => addresses.map(formatAddress)));
    const away = [source, destination].map(formatAddress).find((address) => !here.has(address));
    const route = away === undefined ? undefined : await kernel.routeGet(away).catch(() => undefined);
    const index = route?.nextHops[0]?.dev;
    return index === undefined ? undefined : dataplane.links.get(index)?.name;
  }

  /** The kernel's tables when all that was asked for until now is done. */
  async #tables(uplink?: string): Promise<KernelTables | undefined> {
    const { rulesets, dataplane } = this.#options;
    if (rulesets === undefined) return undefined;
    await dataplane.policy.settled;
    const [four, six] = await Promise.all(([4, 6] as const).map((family) => rulesets.ruleset(policyTable(family))));
    return new KernelTables({ 4: four, 6: six }, this.#locals(), uplink);
  }

  #locals(): readonly LocalEndpoint[] {
    const { world, desired } = this.#options;
    const known = world();
    return desired().workloads.flatMap(({ interfaceName, addresses }): LocalEndpoint[] => {
      const own = addresses.flatMap((text) => tryParseInterfaceAddress(text)?.address ?? []);
      const endpoint = own.map((one) => known.podAt(one)).find((one) => one !== undefined);
      return endpoint === undefined ? [] : [{ interfaceName, addresses: own, endpoint }];
    });
  }
}

/** Who asks what can't be asked is told so, as a refusal. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof QuestionError) throw new RequestRefused(error.code, error.message);
    throw error;
  }
}
