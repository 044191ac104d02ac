import { hostPrefix, tryParseAddress } from '../../base/index.ts';
import { read } from '../../model/index.ts';
import type { AddressSet, Problem, ServiceBackend } from '../form.ts';
import { protocolNumber } from '../protocol.ts';
import { accountProfile, hostEndpoint, namespaceProfile, networkSet, podEndpoint } from '../sources/endpoint.ts';
import { POLICY_KINDS, readPolicy, readProfile, readTier } from '../sources/index.ts';
import { World } from '../world.ts';
import type { CaseObject, CasePod, CasePodObject, CaseStep, CaseWorld } from './format.ts';

export type NamedObject = Exclude<CaseObject, CasePodObject>;

/** The kinds that a world is made of, beside pods and namespaces. */
const KINDS: ReadonlySet<string> = new Set([
  ...POLICY_KINDS,
  ...['Tier', 'Profile', 'HostEndpoint', 'NetworkSet', 'GlobalNetworkSet', 'Endpoints'],
]);

/** A case's world as its steps change it. */
export class Scene {
  readonly #namespaces: Map<string, Readonly<Record<string, string>>>;
  readonly #pods: Map<string, CasePod>;
  readonly #objects = new Map<string, NamedObject>();
  readonly #start: CaseWorld;

  constructor(start: CaseWorld) {
    this.#start = start;
    this.#namespaces = new Map(Object.entries(start.namespaces));
    this.#pods = new Map(start.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  }

  /** `namespace/name`, in the order in which they came. */
  get pods(): ReadonlyMap<string, CasePod> {
    return this.#pods;
  }

  /** Labels by name. */
  get namespaces(): ReadonlyMap<string, Readonly<Record<string, string>>> {
    return this.#namespaces;
  }

  get nodes(): CaseWorld['nodes'] {
    return this.#start.nodes;
  }

  /** Policies and what they refer to. */
  get objects(): readonly NamedObject[] {
    return [...this.#objects.values()];
  }

  /** Labels by `namespace/name`, of each account that there is or that a pod names: Kubernetes makes those. */
  get serviceAccounts(): Readonly<Record<string, Readonly<Record<string, string>>>> {
    const named = [...this.#pods.values()].flatMap(({ namespace, serviceAccount }) =>
      serviceAccount ? [`${namespace}/${serviceAccount}`] : [],
    );
    return { ...Object.fromEntries(named.map((key) => [key, {}])), ...this.#start.serviceAccounts };
  }

  /** Gives what of the step is about nothing that there is. */
  change(step: CaseStep): readonly string[] {
    return [
      ...step.apply.flatMap((object) => this.#apply(object)),
      ...step.delete.flatMap(({ kind, namespace, name }) => {
        const before = this.#size;
        this.#delete(kind, namespace, name);
        const called = namespace === undefined ? name : `${namespace}/${name}`;
        return this.#size < before ? [] : [`there is no ${kind} ${called} to delete`];
      }),
      ...step.labels.flatMap((one) => this.#label(one)),
    ];
  }

  get #size(): number {
    return this.#pods.size + this.#namespaces.size + this.#objects.size;
  }

  #apply(object: CaseObject): readonly string[] {
    if (isPod(object)) this.#pods.set(`${object.pod.namespace}/${object.pod.name}`, object.pod);
    else if (object.kind === 'Namespace') this.#namespaces.set(object.metadata.name, object.metadata.labels ?? {});
    else if (!KINDS.has(object.kind)) return [`nothing is known of kind ${object.kind} (${object.apiVersion})`];
    else this.#objects.set(keyOf(object), object);
    return [];
  }

  #label({ pod, namespace, labels }: CaseStep['labels'][number]): readonly string[] {
    if (pod !== undefined) {
      const known = this.#pods.get(pod);
      if (known === undefined) return [`there is no pod ${pod} to label`];
      this.#pods.set(pod, { ...known, labels });
    } else if (namespace !== undefined) {
      if (!this.#namespaces.has(namespace)) return [`there is no namespace ${namespace} to label`];
      this.#namespaces.set(namespace, labels);
    }
    return [];
  }

  #delete(kind: string, namespace: string | undefined, name: string): void {
    if (kind === 'Pod') this.#pods.delete(`${namespace}/${name}`);
    const isGone = (object: NamedObject): boolean =>
      kind === 'Namespace'
        ? object.metadata.namespace === name
        : object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace;
    for (const [key, object] of this.#objects) if (isGone(object)) this.#objects.delete(key);
    if (kind !== 'Namespace') return;
    this.#namespaces.delete(name);
    for (const [key, pod] of this.#pods) if (pod.namespace === name) this.#pods.delete(key);
  }

  /** The present world, and the parts of it that were not understood. */
  world(): { readonly world: World; readonly problems: readonly Problem[] } {
    const { objects } = this;
    const of = (...kinds: string[]): NamedObject[] => objects.filter(({ kind }) => kinds.includes(kind));
    const readings = objects.map(readPolicy);
    const profiles = of('Profile').map(readProfile);
    const pods = [...this.#pods.values()].filter(({ hostNetwork }) => !hostNetwork);
    const world = new World({
      tiers: of('Tier').map(readTier),
      policies: readings.flatMap(({ policies }) => policies),
      profiles: [
        ...profiles.map(({ profile }) => profile),
        ...[...this.#namespaces].map(([name, labels]) =>
          namespaceProfile(name, { 'kubernetes.io/metadata.name': name, ...labels }),
        ),
        ...this.#accountProfiles(),
      ],
      endpoints: [
        ...pods.map(({ ip, ...pod }) => podEndpoint({ ...pod, addresses: [ip].flat() })),
        ...of('HostEndpoint').flatMap((object) => hostEndpoint(object) ?? []),
      ],
      networkSets: of('NetworkSet', 'GlobalNetworkSet').map(networkSet),
      nodes: this.#start.nodes.map(nodeSet),
      services: new Map(
        of('Endpoints').map((object) => [serviceName(object), (object.endpoints ?? []).flatMap(backendOf)]),
      ),
    });
    return {
      world,
      problems: [
        ...[...readings, ...profiles].flatMap(({ problems }) => problems),
        ...of(...READ_AS_STORED).flatMap(problemOf),
      ],
    };
  }

  #accountProfiles() {
    return Object.entries(this.serviceAccounts).map(([key, labels]) => {
      const [namespace, name] = key.split('/');
      return accountProfile(namespace, name, labels);
    });
  }
}

/** Kinds whose own readers pass over what they don't understand: their schemas tell it. */
const READ_AS_STORED = ['Tier', 'HostEndpoint', 'NetworkSet', 'GlobalNetworkSet'] as const;

function problemOf(object: NamedObject): readonly Problem[] {
  const { kind, metadata } = object;
  const { problem } = read(kind as (typeof READ_AS_STORED)[number], object);
  if (problem === undefined) return [];
  return [{ policy: { kind, namespace: metadata.namespace, name: metadata.name }, field: 'spec', reason: problem }];
}

function isPod(object: CaseObject): object is CasePodObject {
  return object.kind === 'Pod';
}

function keyOf({ apiVersion = '', kind, metadata }: NamedObject): string {
  const [group] = apiVersion.split('/');
  return [group, kind, metadata.namespace ?? '', metadata.name].join('|');
}

function serviceName({ metadata }: NamedObject): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`;
}

function backendOf({ ip, port, protocol }: NonNullable<NamedObject['endpoints']>[number]): ServiceBackend[] {
  const [address, number] = [tryParseAddress(ip), protocolNumber(protocol)];
  return address === undefined || number === undefined ? [] : [{ address, port, protocol: number }];
}

function nodeSet({ name, addresses, labels }: CaseWorld['nodes'][number]): AddressSet {
  const nets = addresses.flatMap((text) => {
    const address = tryParseAddress(text);
    return address === undefined ? [] : [hostPrefix(address)];
  });
  return { name, labels, nets };
}
