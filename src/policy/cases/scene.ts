import { hostPrefix, tryParseAddress } from '../../base/index.ts';
import type { AddressSet, Problem, ServiceBackend } from '../form.ts';
import { protocolNumber } from '../protocol.ts';
import { accountProfile, hostEndpoint, namespaceProfile, networkSet, podEndpoint } from '../sources/endpoint.ts';
import { readPolicy, readProfile, readTier } from '../sources/index.ts';
import { World } from '../world.ts';
import type { CaseObject, CasePod, CasePodObject, CaseStep, CaseWorld } from './format.ts';

export type NamedObject = Exclude<CaseObject, CasePodObject>;

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

  change(step: CaseStep): void {
    for (const object of step.apply) this.#apply(object);
    for (const { kind, namespace, name } of step.delete) this.#delete(kind, namespace, name);
    for (const { pod, namespace, labels } of step.labels) {
      const known = pod === undefined ? undefined : this.#pods.get(pod);
      if (known !== undefined) this.#pods.set(pod!, { ...known, labels });
      if (pod === undefined && namespace !== undefined) this.#namespaces.set(namespace, labels);
    }
  }

  #apply(object: CaseObject): void {
    if (isPod(object)) this.#pods.set(`${object.pod.namespace}/${object.pod.name}`, object.pod);
    else if (object.kind === 'Namespace') this.#namespaces.set(object.metadata.name, object.metadata.labels ?? {});
    else this.#objects.set(keyOf(object), object);
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
      problems: [...readings.flatMap(({ problems }) => problems), ...profiles.flatMap(({ problems }) => problems)],
    };
  }

  #accountProfiles() {
    return Object.entries(this.serviceAccounts).map(([key, labels]) => {
      const [namespace, name] = key.split('/');
      return accountProfile(namespace, name, labels);
    });
  }
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
