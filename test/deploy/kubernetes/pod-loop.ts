import * as z from 'zod';
import { systemClock } from '../../../src/base/index.ts';
import { until } from '../../../src/lab/until.ts';
import type { ClusterNode, KubernetesCluster } from './cluster.ts';
import type { RunningPod } from './kubelet.ts';
import { podSpec } from './pod.ts';
import { type ProxiedService, ServiceProxy } from './service-proxy.ts';

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
});
const podsSchema = z.array(
  z.object({
    metadata,
    spec: z.looseObject({ nodeName: z.string().optional(), containers: z.array(z.unknown()).default([]) }),
    status: z.object({ podIP: z.string().optional() }).default({}),
  }),
);
const servicesSchema = z.array(
  z.object({
    metadata,
    spec: z.object({
      clusterIP: z.string().optional(),
      selector: z.record(z.string(), z.string()).optional(),
      ports: z.array(
        z.object({ port: z.number(), targetPort: z.number().optional(), protocol: z.enum(['TCP', 'UDP']) }),
      ),
    }),
  }),
);
/** Of services without a selector. */
const endpointsSchema = z.array(
  z.object({ metadata, subsets: z.array(z.object({ addresses: z.array(z.object({ ip: z.string() })) })) }),
);
const namesSchema = z.array(z.object({ metadata: z.object({ name: z.string() }) }));

/** Of the sandbox of one pod: the datastore may be away for a moment. */
const MOST_TRIES = 5;

type ListedPod = z.infer<typeof podsSchema>[0];

/**
 * Kubelet's and kube-proxy's loop for all nodes: runs the pods that stand at the API server, says their addresses and logs
 * there, ends those that are gone, and leads services to who is behind them.
 */
export class PodLoop {
  readonly #cluster: KubernetesCluster;
  readonly #proxies: readonly ServiceProxy[];
  readonly #pods = new Map<string, { readonly node: ClusterNode; readonly running: Promise<RunningPod | undefined> }>();
  /** By pod, of those that could not be started. */
  readonly #tries = new Map<string, number>();
  readonly #stop = new AbortController();
  #ended: Promise<unknown> | undefined;

  constructor(cluster: KubernetesCluster) {
    this.#cluster = cluster;
    this.#proxies = cluster.nodes.map(({ machine }) => new ServiceProxy(machine));
  }

  start(): void {
    const { signal } = this.#stop;
    const look = async (): Promise<false> => {
      await this.#look();
      return false;
    };
    this.#ended = until(systemClock, 'the end of the test', look, { timeout: Number.POSITIVE_INFINITY, signal }).catch(
      (error) => {
        if (!signal.aborted) throw error;
      },
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test ends'));
    await this.#ended;
  }

  async #look(): Promise<void> {
    const tell = async (what: string): Promise<unknown> => this.#cluster.tell('list', what);
    const namespaces = new Set(namesSchema.parse(await tell('namespaces')).map(({ metadata: { name } }) => name));
    const all = podsSchema.parse(await tell('pods'));
    const pods = all.filter(({ metadata: own, spec }) => spec.containers.length > 0 && namespaces.has(own.namespace));
    for (const [uid, { node, running }] of this.#pods) {
      if (pods.some((pod) => pod.metadata.uid === uid)) continue;
      this.#pods.delete(uid);
      const ended = await running;
      if (ended !== undefined) await node.kubelet.end(ended);
    }
    for (const pod of pods) {
      const node = this.#cluster.nodes.find(({ machine }) => machine.name === pod.spec.nodeName);
      const { uid } = pod.metadata;
      if (node !== undefined && !this.#pods.has(uid)) this.#pods.set(uid, { node, running: this.#run(node, pod) });
      if (node !== undefined && pod.status.podIP !== undefined) await this.#tellLog(node, pod);
    }
    const endpoints = endpointsSchema.parse(await tell('endpoints'));
    const services = servicesSchema.parse(await tell('services')).map((service) => proxied(service, pods, endpoints));
    await Promise.all(this.#proxies.map((proxy) => proxy.apply(services)));
  }

  async #run(node: ClusterNode, { metadata: own, spec }: ListedPod): Promise<RunningPod | undefined> {
    const place = [own.namespace, own.name] as const;
    const say = (status: object): Promise<unknown> =>
      this.#cluster.tell('patch', 'pods', ...place, JSON.stringify({ status }));
    try {
      const running = await this.#cluster.runPod(node, { ...own, spec: podSpec.parse(spec) });
      const ip = await node.machine.containerd.cri.addressOf(running.sandbox);
      await say({ phase: 'Running', podIP: ip, podIPs: [{ ip }] });
      return running;
    } catch (error) {
      const waiting = { reason: 'ContainerCreating', message: String(error) };
      await say({ phase: 'Pending', containerStatuses: [{ state: { waiting } }] });
      // As kubelet does, which never gives up: the next look makes the pod's sandbox anew.
      const tries = (this.#tries.get(own.uid) ?? 1) + 1;
      this.#tries.set(own.uid, tries);
      if (tries <= MOST_TRIES) this.#pods.delete(own.uid);
      return undefined;
    }
  }

  async #tellLog({ kubelet }: ClusterNode, { metadata: own }: ListedPod): Promise<void> {
    const log = kubelet.logOf(own, 'probe');
    // Each line has its time, where it was written to, and whether it goes on (CRI's form of logs).
    const lines = log.split('\n').flatMap((line) => /^\S+ std(?:out|err) F (.*)$/.exec(line)?.[1] ?? []);
    if (lines.length > 0)
      await this.#cluster.tell('log', `${own.namespace}/${own.name}`, JSON.stringify(`${lines.join('\n')}\n`));
  }
}

function proxied(
  { metadata: { namespace, name }, spec: { clusterIP, selector, ports } }: z.infer<typeof servicesSchema>[0],
  pods: readonly ListedPod[],
  endpoints: z.infer<typeof endpointsSchema>,
): ProxiedService {
  const isSelected = ({ metadata: { namespace: at, labels } }: ListedPod): boolean =>
    at === namespace && Object.entries(selector ?? {}).every(([label, value]) => labels[label] === value);
  const written = endpoints
    .filter(({ metadata: own }) => own.namespace === namespace && own.name === name)
    .flatMap(({ subsets }) => subsets.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)));
  return {
    address: clusterIP,
    ports: ports.map(({ port, targetPort = port, protocol }) => ({
      ...{ port, targetPort },
      protocol: protocol.toLowerCase(),
    })),
    behind: selector === undefined ? written : pods.filter(isSelected).flatMap(({ status }) => status.podIP ?? []),
  };
}
