import { type Clock, reasonOf, sleep } from '../../../base/index.ts';
import { type KubernetesApi, type KubernetesConfig, NotFound, Unauthorized } from '../../../datastore/index.ts';
import { CommandError } from '../../errors.ts';
import { type ConnectivityProbe, DONE, OPEN_PORT, type ProbeOutcome } from '../probe.ts';
import type { StageWishes, TestPod, TestStage, TestTarget } from '../stage.ts';
import {
  addressesOfPod,
  daemonSetsAnswer,
  eventsAnswer,
  namesAnswer,
  type PodAnswer,
  podAnswer,
  podsAnswer,
  serviceAnswer,
  waitingReason,
} from './answers.ts';
import { namespaceObject, podObject, serviceObject, servingWords } from './objects.ts';
import { lacking } from './rights.ts';

/** Between two looks, in milliseconds. */
const PACE = 500;
/** Beyond the patience of its probes, a client has so long to start and to look for the largest datagram. */
const FOR_CLIENT = 120_000;
/** By which the DaemonSet of vRouter is known. */
const SELECTORS = ['k8s-app=vrouter', 'app.kubernetes.io/name=vrouter'];

export interface KubernetesStageOptions {
  readonly api: KubernetesApi;
  readonly config: KubernetesConfig;
  readonly clock: Clock;
  readonly image?: string | undefined;
}

/**
 * A cluster as the place of the test: pods in a namespace of their own, which goes at the end. Clients are made when they have
 * something to try, and say in their logs what came of it: neither `exec` nor the pods' network is needed to hear them.
 */
export class KubernetesStage implements TestStage {
  readonly name = 'Kubernetes';
  readonly datastore: KubernetesConfig;
  readonly #options: KubernetesStageOptions;
  readonly #namespace = `vrouter-test-${Math.random().toString(36).slice(2, 8).padEnd(6, '0')}`;
  #image = '';
  #isMade = false;
  #hasServers = false;
  #closed: Promise<void> | undefined;

  constructor(options: KubernetesStageOptions) {
    this.#options = options;
    this.datastore = options.config;
  }

  async prepare({ nodes, pods, patience, tell }: StageWishes): Promise<readonly TestPod[]> {
    this.#image = this.#options.image ?? (await this.#findImage());
    const chosen = await this.#nodes(nodes);
    await this.#tellLeftovers(tell);
    await this.#makeNamespace();
    const asked = pods === undefined ? await this.#makeServers(chosen, patience) : await this.#told(pods);
    const families = asked.flatMap(({ addresses }) => addresses);
    return [
      ...asked,
      ...chosen.map((node, at) => {
        const own = asked.find((pod) => pod.node === node && pod.addresses.length > 0)?.addresses ?? families;
        // Its own addresses are not known before it is made; what counts of them is their families.
        return { name: `client-${at}`, namespace: this.#namespace, node, role: 'client' as const, addresses: own };
      }),
    ];
  }

  async targets(): Promise<readonly TestTarget[]> {
    const api = await this.#clusterIp('/api/v1/namespaces/default/services/kubernetes');
    const known: TestTarget[] = [{ kind: 'dns', host: 'kubernetes.default', port: 0, name: 'kubernetes.default' }];
    if (api !== undefined) known.push({ kind: 'service', host: api, port: 443, name: 'service kubernetes' });
    if (!this.#hasServers) return known;
    await this.#create(this.#path('services'), serviceObject('servers'));
    const own = await this.#clusterIp(this.#path('services/servers'));
    if (own !== undefined) known.push({ kind: 'service', host: own, port: OPEN_PORT, name: 'test service' });
    return known;
  }

  async ask(client: TestPod, probes: readonly ConnectivityProbe[]): Promise<readonly ProbeOutcome[]> {
    const { clock, api } = this.#options;
    const { name, node } = client;
    const words = ['stay', JSON.stringify(probes)];
    await this.#create(this.#path('pods'), podObject({ name, node, role: 'client', image: this.#image, words }));
    const end = clock.now() + FOR_CLIENT + Math.max(0, ...probes.map(({ patience }) => patience));
    for (;;) {
      // Before its container runs there is no log.
      const log = await api.text(this.#path(`pods/${name}/log`)).catch((error) => {
        if (error instanceof Unauthorized) throw lacking(error);
        return '';
      });
      const lines = log.split('\n').filter((line) => line !== '');
      if (lines.at(-1) === DONE) return lines.slice(0, -1).map((line) => JSON.parse(line) as ProbeOutcome);
      if (clock.now() >= end) {
        const { items } = await this.#pods();
        const pod = items.find(({ metadata }) => metadata.name === name);
        throw new CommandError(`${name} on ${node} has not ended: ${pod ? await this.#troubleOf(pod) : 'it is gone'}`);
      }
      await sleep(clock, PACE);
    }
  }

  /** Once, whoever asks for it: an interruption and the end of the test may meet. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { api } = this.#options;
    if (this.#isMade) {
      this.#isMade = false;
      await api.call({ method: 'DELETE', path: `/api/v1/namespaces/${this.#namespace}` }).catch((error) => {
        if (error instanceof NotFound) return;
        throw new CommandError(`${reasonOf(error)}; take it away: kubectl delete namespace ${this.#namespace}`);
      });
    }
    api.close();
  }

  /** Whoever interrupts the test meanwhile has it taken away too. */
  async #makeNamespace(): Promise<void> {
    this.#isMade = true;
    try {
      await this.#create('/api/v1/namespaces', namespaceObject(this.#namespace));
    } catch (error) {
      this.#isMade = false;
      throw error;
    }
  }

  async #makeServers(nodes: readonly string[], patience: number): Promise<readonly TestPod[]> {
    this.#hasServers = true;
    const wanted = nodes.flatMap((node, at) =>
      (['server', 'policed'] as const).map((role) => ({ name: `${role}-${at}`, node, role })),
    );
    for (const pod of wanted) {
      const words = servingWords(pod.name);
      await this.#create(this.#path('pods'), podObject({ ...pod, image: this.#image, words }));
    }
    const found = await this.#untilRunning(wanted.length, patience);
    return Promise.all(
      wanted.map(async (one) => {
        const pod = found.find(({ metadata }) => metadata.name === one.name);
        const addresses = pod === undefined ? [] : addressesOfPod(pod);
        const isUp = pod?.status.phase === 'Running' && addresses.length > 0;
        const trouble = isUp ? undefined : pod === undefined ? 'it is gone' : await this.#troubleOf(pod);
        return { ...one, namespace: this.#namespace, addresses, ...(trouble !== undefined && { trouble }) };
      }),
    );
  }

  /** All pods, when so many of them run or the time is up. */
  async #untilRunning(count: number, patience: number): Promise<readonly PodAnswer[]> {
    const { clock } = this.#options;
    const end = clock.now() + patience;
    for (;;) {
      const { items } = await this.#pods();
      const up = items.filter((pod) => pod.status.phase === 'Running' && addressesOfPod(pod).length > 0);
      if (up.length >= count || clock.now() >= end) return items;
      await sleep(clock, PACE);
    }
  }

  async #told(names: readonly string[]): Promise<readonly TestPod[]> {
    return Promise.all(
      names.map(async (word) => {
        const [namespace, name] = word.includes('/') ? word.split('/') : ['default', word];
        const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
        const pod = podAnswer.parse(await this.#get(path));
        const port = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
        const addresses = addressesOfPod(pod);
        const trouble = addresses.length === 0 ? await this.#troubleOf(pod) : undefined;
        const told = { name, namespace, node: pod.spec.nodeName ?? '', role: 'told' as const, addresses };
        return { ...told, ...(port !== undefined && { port }), ...(trouble !== undefined && { trouble }) };
      }),
    );
  }

  async #nodes(wanted: readonly string[] | undefined): Promise<readonly string[]> {
    const all = namesAnswer.parse(await this.#get('/api/v1/nodes')).items.map(({ metadata }) => metadata.name);
    const unknown = wanted?.find((name) => !all.includes(name));
    if (unknown !== undefined) throw new CommandError(`there is no node '${unknown}'; there are: ${all.join(', ')}`);
    return all.filter((name) => wanted === undefined || wanted.includes(name));
  }

  async #findImage(): Promise<string> {
    for (const labelSelector of SELECTORS) {
      const { items } = daemonSetsAnswer.parse(await this.#get('/apis/apps/v1/daemonsets', { labelSelector }));
      const image = items[0]?.spec.template.spec.containers.find((one) => one.image !== undefined)?.image;
      if (image !== undefined) return image;
    }
    throw new CommandError(
      'no DaemonSet of vRouter is found, from which the image of the test would be taken: name it with --image',
    );
  }

  async #tellLeftovers(tell: (text: string) => void): Promise<void> {
    const path = '/api/v1/namespaces';
    const { items } = namesAnswer.parse(await this.#get(path, { labelSelector: 'vrouter-test=namespace' }));
    for (const { metadata } of items)
      tell(`another test, or one that was killed: kubectl delete namespace ${metadata.name}`);
  }

  /** Why a pod does not run: its own word, or the last warning about it. */
  async #troubleOf(pod: PodAnswer): Promise<string> {
    const { name, namespace } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/events`;
    const { items } = await this.#get(path, { fieldSelector: `involvedObject.name=${name}` }).then(
      (answer) => eventsAnswer.parse(answer),
      () => ({ items: [] }),
    );
    const warning = items.filter(({ type }) => type === 'Warning').at(-1)?.message;
    return warning ?? waitingReason(pod) ?? `it is ${pod.status.phase ?? 'unknown'} and says nothing more`;
  }

  async #clusterIp(path: string): Promise<string | undefined> {
    const { spec } = serviceAnswer.parse(await this.#get(path).catch(() => ({})));
    return spec.clusterIP === 'None' ? undefined : spec.clusterIP;
  }

  async #pods() {
    return podsAnswer.parse(await this.#get(this.#path('pods')));
  }

  #path(rest: string): string {
    return `/api/v1/namespaces/${this.#namespace}/${rest}`;
  }

  #get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#call({ method: 'GET', path, ...(query && { query }) });
  }

  #create(path: string, body: object): Promise<unknown> {
    return this.#call({ method: 'POST', path, body });
  }

  async #call(request: Parameters<KubernetesApi['call']>[0]): Promise<unknown> {
    try {
      return await this.#options.api.call(request);
    } catch (error) {
      throw error instanceof Unauthorized ? lacking(error) : error;
    }
  }
}
