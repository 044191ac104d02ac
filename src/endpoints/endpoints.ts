import { isDeepStrictEqual } from 'node:util';
import { type Clock, type Log, reasonOf } from '../base/index.ts';
import type { CniRequest, CniResult } from '../control/index.ts';
import { RequestRefused } from '../control/index.ts';
import { createPodInterface, type Dataplane, podDestinations, removeHostEnd } from '../dataplane/index.ts';
import { NotFound, type Store } from '../datastore/index.ts';
import type { Ipam } from '../ipam/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { assignedAddresses, releaseAddresses, takeAddresses } from './addresses.ts';
import { checkEndpoint } from './check.ts';
import type { FastPath } from './fast-path.ts';
import { staleContainers } from './gc.ts';
import { networkConfig } from './network-config.ts';
import { podNamespace } from './pod-namespace.ts';
import type { PodTrouble } from './pod-trouble.ts';
import { newEndpoint, writeEndpoint } from './record.ts';
import { cniResult } from './result.ts';
import type { Timelines, UnderWay } from './timeline.ts';
import { identify, type WorkloadIdentity } from './workload-identity.ts';
import { WorkloadTurns } from './workload-turns.ts';

const INVALID_ENVIRONMENT = 4;

export interface EndpointsOptions {
  readonly nodename: string;
  readonly interfacePrefix: string;
  readonly store: Store;
  readonly ipam: Ipam;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears how requests end. */
  readonly trouble: Pick<PodTrouble, 'served' | 'failed'>;
  /** Has the MTU for pods that ask for none. */
  readonly dataplane: Pick<Dataplane, 'podMtu'>;
  /** Brings what was just written to kernel and peers, without waiting for the datastore to tell us of it. */
  readonly fastPath: Pick<FastPath, 'added' | 'removed'>;
  /** Keeps what was done for each request, and when. */
  readonly timelines: Timelines;
}

type EndpointName = Pick<WorkloadIdentity, 'namespace' | 'endpointName'>;

/**
 * Serves CNI requests: gives a pod its address and interface, and takes them back. Requests about one workload are
 * served one after another; whatever fails half-way is undone.
 */
export class Endpoints {
  readonly #options: EndpointsOptions;
  readonly #turns = new WorkloadTurns();

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  add(request: CniRequest): Promise<CniResult> {
    const identity = this.#identify(request);
    const { trouble } = this.#options;
    const change = this.#options.timelines.begin('add', request, identity);
    const added = change.until(this.#inTurn(identity, () => this.#add(request, identity, change)));
    added.then(
      () => trouble.served(),
      (error) => trouble.failed(error),
    );
    return added;
  }

  del(request: CniRequest): Promise<Record<string, never>> {
    const identity = this.#identify(request);
    const change = this.#options.timelines.begin('del', request, identity);
    return change.until(this.#inTurn(identity, () => this.#del(request, identity, change)));
  }

  check(request: CniRequest): Promise<Record<string, never>> {
    const identity = this.#identify(request);
    return checkEndpoint(this.#options, request, this.#key(identity), identity);
  }

  /** The pod CIDRs of this node, for IPAM plugins that assign from them. */
  async podCidrs(): Promise<readonly string[]> {
    const { store, nodename } = this.#options;
    return (await store.get({ kind: 'Node', name: nodename }))?.status?.podCIDRs ?? [];
  }

  /** Releases what the network has on this node beyond the containers that are in use. */
  async gc(network: string, valid: readonly { readonly containerId: string }[]): Promise<Record<string, never>> {
    const { store, nodename, ipam, log } = this.#options;
    for (const { handle, endpoint } of await staleContainers(store, nodename, network, valid)) {
      if (endpoint !== undefined) await this.#collect(endpoint);
      await releaseAddresses(ipam, { handle });
      log.info({ handle, endpoint: endpoint?.metadata.name }, 'released: the runtime does not know this container');
    }
    return {};
  }

  /** Removes an endpoint, unless a newer container has it by the time its turn comes. */
  #collect({ metadata: { name, namespace = 'default' }, spec }: WorkloadEndpoint): Promise<void> {
    return this.#inTurn({ namespace, endpointName: name }, async () => {
      const found = await this.#options.store.get({ kind: 'WorkloadEndpoint', name, namespace });
      if (found === undefined || found.spec.containerID !== spec.containerID) return;
      await removeHostEnd(this.#options.kernel, spec.interfaceName ?? '');
      await this.#forget({ namespace, endpointName: name });
    });
  }

  /** Only an orchestrator whose store shows us its pods has any. */
  async #annotations(
    { orchestrator, namespace }: WorkloadIdentity,
    pod: WorkloadEndpoint | undefined,
  ): Promise<{ readonly pod: Record<string, string>; readonly namespace: Record<string, string> }> {
    if (orchestrator !== 'k8s' || pod === undefined) return { pod: {}, namespace: {} };
    const profile = await this.#options.store.get({ kind: 'Profile', name: `kns.${namespace}` });
    return { pod: { ...pod.metadata.annotations }, namespace: { ...profile?.metadata.annotations } };
  }

  async #add(request: CniRequest, identity: WorkloadIdentity, change: UnderWay): Promise<CniResult> {
    const { store, log } = this.#options;
    change.step('begun');
    if (request.netns === '') throw new RequestRefused('NO_NETNS', 'ADD needs CNI_NETNS', INVALID_ENVIRONMENT);
    const found = await store.get(this.#key(identity));
    const again =
      found?.spec.containerID === request.containerId ? await this.#asBefore(request, identity, found) : undefined;
    if (again !== undefined) {
      change.step('found', 'interface and addresses are there from before');
      return again;
    }
    const addressing = await takeAddresses(this.#options, request, identity, await this.#annotations(identity, found));
    const { addresses, mac } = addressing;
    change.step('addresses', addresses.join(' '));
    const config = networkConfig(request.config);
    try {
      const made = await createPodInterface(this.#options.kernel, {
        interfaceName: identity.interfaceName,
        netns: podNamespace(request),
        ifName: request.ifName,
        addresses,
        mtu: config.mtu ?? this.#options.dataplane.podMtu,
        alias: `${identity.namespace}/${identity.workload}`,
        forwarding: config.container_settings?.allow_ip_forwarding ?? false,
        destinations: podDestinations(request.assigned?.routes ?? [], config.include_default_routes),
        ...(mac !== undefined && { mac }),
      });
      change.step('interface', identity.interfaceName);
      const fresh = newEndpoint(this.#options.nodename, request, identity, addressing, made);
      const endpoint = await writeEndpoint(store, fresh, found);
      change.step('stored', `WorkloadEndpoint ${identity.namespace}/${identity.endpointName}`);
      await this.#options.fastPath.added(endpoint, made, change);
      log.info(
        {
          change: change.id,
          endpoint: `${identity.namespace}/${identity.endpointName}`,
          addresses,
          interface: identity.interfaceName,
        },
        'endpoint added',
      );
      return cniResult(request, endpoint, made, addresses);
    } catch (error) {
      await this.#undo(identity, change);
      throw error;
    }
  }

  /** The same ADD again, as runtimes do after a time-out: answered the same while interface and addresses are there. */
  async #asBefore(
    request: CniRequest,
    identity: WorkloadIdentity,
    endpoint: WorkloadEndpoint,
  ): Promise<CniResult | undefined> {
    const { kernel, ipam } = this.#options;
    const host = await kernel.linkGet(endpoint.spec.interfaceName ?? '');
    if (host === undefined) return undefined;
    const addresses = await assignedAddresses(ipam, request, identity, endpoint.spec.ipNetworks ?? []);
    const pod = await kernel.inNamespace(podNamespace(request));
    try {
      const link = await pod.linkGet(request.ifName);
      if (link === undefined) return undefined;
      const there = (await pod.addressList({ dev: request.ifName })).map(({ address }) => address);
      if (addresses.length === 0 || !addresses.every((address) => there.includes(address))) return undefined;
      const made = { host, podMac: link.mac ?? '', mtu: link.mtu };
      const known = await this.#knownAs(endpoint, addresses);
      await this.#options.fastPath.added(known, made);
      return cniResult(request, known, made, addresses);
    } finally {
      pod.close();
    }
  }

  /** The endpoint with these addresses, in the store too. */
  async #knownAs(endpoint: WorkloadEndpoint, addresses: readonly string[]): Promise<WorkloadEndpoint> {
    if (isDeepStrictEqual(endpoint.spec.ipNetworks, addresses)) return endpoint;
    const fresh = { ...endpoint, spec: { ...endpoint.spec, ipNetworks: [...addresses] } };
    return writeEndpoint(this.#options.store, fresh, endpoint);
  }

  async #del(request: CniRequest, identity: WorkloadIdentity, change: UnderWay): Promise<Record<string, never>> {
    const { store, log } = this.#options;
    change.step('begun');
    const endpoint = await store.get(this.#key(identity));
    const newer = endpoint !== undefined && endpoint.spec.containerID !== request.containerId;
    if (!newer) {
      await removeHostEnd(this.#options.kernel, identity.interfaceName);
      change.step('interface gone', identity.interfaceName);
      if (endpoint !== undefined) {
        await this.#forget(identity);
        change.step('forgotten', 'endpoint, route and policy');
        log.info({ change: change.id, endpoint: `${identity.namespace}/${identity.endpointName}` }, 'endpoint removed');
      }
    }
    await releaseAddresses(this.#options.ipam, identity);
    change.step('addresses released');
    return {};
  }

  async #undo(identity: WorkloadIdentity, change: UnderWay): Promise<void> {
    try {
      await removeHostEnd(this.#options.kernel, identity.interfaceName);
      await this.#forget(identity);
      await releaseAddresses(this.#options.ipam, identity);
      change.step('undone');
    } catch (error) {
      this.#options.log.error(
        { change: change.id, endpoint: identity.endpointName, err: reasonOf(error) },
        'a failed ADD could not be undone whole',
      );
    }
  }

  async #forget(identity: EndpointName): Promise<void> {
    try {
      await this.#options.store.delete(this.#key(identity));
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
    await this.#options.fastPath.removed();
  }

  #identify(request: CniRequest): WorkloadIdentity {
    return identify(this.#options.nodename, request, this.#options.interfacePrefix);
  }

  #key(identity: EndpointName) {
    return { kind: 'WorkloadEndpoint', name: identity.endpointName, namespace: identity.namespace } as const;
  }

  #inTurn<T>(identity: EndpointName, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(`${identity.namespace}/${identity.endpointName}`, work);
  }
}
