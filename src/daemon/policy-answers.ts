import { formatAddress, tryParseInterfaceAddress } from '../base/index.ts';
import type { ChangesAnswer, EffectiveAnswer, StagedAnswer, VerifyAnswer, WhyAnswer } from '../control/index.ts';
import { RequestRefused } from '../control/index.ts';
import { policyTable } from '../dataplane/index.ts';
import type { Update } from '../datastore/index.ts';
import type { Kernel, TrackedConnection } from '../netlink/index.ts';
import type { RulesetSource } from '../nftables/index.ts';
import { QuestionError } from '../policy/explain/index.ts';
import type { Direction, World } from '../policy/index.ts';
import { KernelTables } from './policy-kernel.ts';
import { type NodeEndpoint, NodeLook, type NodeSources } from './policy-node.ts';
import { changedFlows, stagedChanges } from './policy-staged.ts';
import type { Comparison } from './policy-verify.ts';
import { answerEffective, answerWhy, type WhyQuestion } from './policy-why.ts';

/** Disagreements that are told one by one. */
const TOLD = 20;

export interface PolicyAnswersOptions extends NodeSources {
  /** The same, were these objects otherwise. */
  readonly worldIf: (updates: readonly Update[]) => World;
  readonly kernel: Pick<Kernel, 'routeGet' | 'connectionList' | 'namespaceId'>;
  /** Absent: the kernel can't be read. */
  readonly rulesets: RulesetSource | undefined;
}

/** Answers about policy, for people and the self-check: by the judge, and by the kernel's tables. */
export class PolicyAnswers {
  readonly #options: PolicyAnswersOptions;

  constructor(options: PolicyAnswersOptions) {
    this.#options = options;
  }

  async why(question: WhyQuestion): Promise<WhyAnswer> {
    const { nodename } = this.#options;
    const tables = await this.#tables();
    const look = new NodeLook(this.#options, this.#locals());
    return await asked(() =>
      answerWhy(question, {
        world: look.world,
        nodename,
        hosts: look.hosts,
        onHost: (packet) => look.onHost(packet),
        ...(question.probe === true && { originOf: (packet) => look.originOf(packet) }),
        askKernel: (packet, passing) => look.askKernel(packet, passing, tables),
      }),
    );
  }

  async effective(pod: string): Promise<EffectiveAnswer> {
    return await asked(async () => answerEffective(pod, this.#options.world()));
  }

  /** All pods of the node and its host endpoints in both directions, at once. */
  async verify(): Promise<VerifyAnswer> {
    const told: string[] = [];
    let [packets, wrong] = [0, 0];
    const tables = await this.#tables();
    if (tables === undefined) throw new RequestRefused('NO_TABLES', 'the tables of the kernel can not be read here');
    const look = new NodeLook(this.#options, this.#locals());
    const count = (compared: Comparison): void => {
      packets += compared.packets;
      wrong += compared.disagreements.length;
      for (const { words } of compared.disagreements) if (told.length < TOLD) told.push(words);
    };
    const directions = ['egress', 'ingress'] as const satisfies readonly Direction[];
    for (const { endpoint } of look.locals) {
      for (const direction of directions) count(await look.comparePod(endpoint, direction, tables));
    }
    const hosts = [...look.hosts.interfaces()];
    for (const [interfaceName, endpoint] of hosts) count(await look.compareHost(interfaceName, endpoint, tables));
    const more = wrong - told.length;
    return { endpoints: look.locals.length, hosts: hosts.length, packets, disagreements: told, more };
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
  #connections(): Promise<readonly TrackedConnection[]> {
    const addresses = new Set(this.#locals().flatMap((one) => one.addresses.map(formatAddress)));
    return this.#options.kernel.connectionList({ addresses });
  }

  /** Compares by one pod of the class; undefined when the class is gone, or nothing can be read. */
  async compareClass(key: string): Promise<readonly string[] | undefined> {
    const first = await this.#compareOnce(key);
    // A table that changed while it was read is looked at once more.
    return first === undefined || first.length === 0 ? first : await this.#compareOnce(key);
  }

  async #compareOnce(key: string): Promise<readonly string[] | undefined> {
    const { policy } = this.#options.desired();
    const tables = await this.#tables();
    if (tables === undefined) return undefined;
    const look = new NodeLook(this.#options, this.#locals());
    const compared = await (policy?.hosts?.classes.get(key) === undefined
      ? this.#comparePodsClass(key, look, tables)
      : this.#compareHostsClass(key, look, tables));
    return compared?.disagreements.map(({ words }) => words);
  }

  async #comparePodsClass(key: string, look: NodeLook, tables: KernelTables): Promise<Comparison | undefined> {
    const { policy } = this.#options.desired();
    const [interfaceName, classes] =
      [...(policy?.endpoints ?? [])].find(([, of]) => of.egress === key || of.ingress === key) ?? [];
    const pod = look.locals.find((one) => one.interfaceName === interfaceName);
    return pod && (await look.comparePod(pod.endpoint, classes?.egress === key ? 'egress' : 'ingress', tables));
  }

  async #compareHostsClass(key: string, look: NodeLook, tables: KernelTables): Promise<Comparison | undefined> {
    const hosts = this.#options.desired().policy?.hosts;
    const its = [...look.hosts.interfaces()].find(([, { name }]) =>
      Object.values(hosts?.endpoints.get(name)?.classes ?? {}).includes(key),
    );
    return its && (await look.compareHost(...its, tables));
  }

  /** The kernel's tables when all that was asked for until now is done. */
  async #tables(): Promise<KernelTables | undefined> {
    const { rulesets, dataplane } = this.#options;
    if (rulesets === undefined) return undefined;
    await dataplane.policy.settled;
    const [four, six] = await Promise.all(([4, 6] as const).map((family) => rulesets.ruleset(policyTable(family))));
    return new KernelTables({ 4: four, 6: six }, this.#locals());
  }

  #locals(): readonly NodeEndpoint[] {
    const { world, desired } = this.#options;
    const known = world();
    return desired().workloads.flatMap(({ interfaceName, addresses }): NodeEndpoint[] => {
      const own = addresses.flatMap((text) => tryParseInterfaceAddress(text)?.address ?? []);
      const endpoint = own.map((one) => known.podAt(one)).find((one) => one !== undefined);
      return endpoint === undefined ? [] : [{ interfaceName, addresses: own, endpoint }];
    });
  }
}

/** Turns a question that can't be asked into a refusal with the reason. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof QuestionError) throw new RequestRefused(error.code, error.message);
    throw error;
  }
}
