import { stringify } from 'yaml';

const HEAD = '# Made by `node deploy/helm/write.ts`.\n';

/** A variant of deploy/vrouter.yaml: as a kustomization, and as the chart's values that come to the same. */
export interface Overlay {
  readonly says: string;
  /** For the daemon's environment; undefined: the setting goes. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What else of the pod changes, as a strategic merge patch; `container` is of the daemon's container. */
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly resources?: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

const POOL = ['CIDR', 'BLOCK_SIZE', 'NAT_OUTGOING', 'IPIP', 'VXLAN'].map((word) => `CALICO_IPV4POOL_${word}`);
const removed = (key: string, ...names: readonly string[]) => names.map((name) => ({ [key]: name, $patch: 'delete' }));

export const OVERLAYS: Readonly<Record<string, Overlay>> = {
  bgp: {
    says: 'No tunnels: pods’ packets go between nodes as they are. The routers between them learn the routes by BGP.',
    env: { CALICO_IPV4POOL_VXLAN: 'Never' },
    values: { pools: { ipv4: { encapsulation: 'None' } } },
  },
  vxlan: {
    says: 'VXLAN between all nodes, and no BGP.',
    env: { CLUSTER_TYPE: 'k8s', CALICO_NETWORKING_BACKEND: 'vxlan', CALICO_IPV4POOL_VXLAN: 'Always' },
    values: { bgp: { enabled: false }, pools: { ipv4: { encapsulation: 'VXLAN' } } },
  },
  ipip: {
    says: 'IPIP between all nodes, as Calico’s own manifest has it: their kernels need the module ipip.',
    env: { CALICO_IPV4POOL_IPIP: 'Always', CALICO_IPV4POOL_VXLAN: 'Never' },
    values: { pools: { ipv4: { encapsulation: 'IPIP' } } },
  },
  'policy-only': {
    says: 'Another CNI plugin wires the pods and routes; vRouter enforces policy alone. Its interfaces must be named as Calico names them, after FELIX_INTERFACEPREFIX.',
    env: {
      CLUSTER_TYPE: 'k8s',
      CALICO_NETWORKING_BACKEND: 'none',
      ...Object.fromEntries(POOL.map((name) => [name, undefined])),
      NO_DEFAULT_POOLS: 'true',
    },
    pod: { initContainers: null, volumes: removed('name', 'cni-bin', 'cni-net') },
    container: { volumeMounts: removed('mountPath', '/host/etc/cni/net.d') },
    values: { mode: 'policy-only' },
  },
  monitoring: {
    says: 'Metrics, and what the Prometheus operator and Grafana make of them: put `- ../monitoring` beside another overlay’s patches for both.',
    env: { FELIX_PROMETHEUSMETRICSENABLED: 'true' },
    container: { ports: [{ name: 'metrics', containerPort: 9091 }] },
    resources: ['podmonitor.yaml', '../../monitoring'],
    values: {
      monitoring: { podMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboards: { enabled: true } },
    },
  },
};

/** As the chart makes it of its defaults. */
const POD_MONITOR = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'vrouter', namespace: 'kube-system', labels: { 'app.kubernetes.io/name': 'vrouter' } },
  spec: {
    selector: { matchLabels: { 'k8s-app': 'vrouter' } },
    podMetricsEndpoints: [{ port: 'metrics', interval: '30s' }],
  },
};

/**
 * The base with the manifests as given, the overlays, and each overlay's values for the chart; by path in the repository.
 * kustomize reads no file outside of its folder, nor a folder that it is in itself: so the base has the manifests again.
 */
export function overlayFiles(
  manifests: Readonly<Record<string, string>>,
): readonly (readonly [path: string, text: string])[] {
  const yaml = (value: unknown, says = ''): string => HEAD + says + stringify(value, { lineWidth: 0 });
  return [
    ['deploy/kustomize/base/kustomization.yaml', yaml(kustomization(Object.keys(manifests)))],
    ...Object.entries(manifests).map(([name, text]) => [`deploy/kustomize/base/${name}`, HEAD + text] as const),
    ['deploy/kustomize/monitoring/podmonitor.yaml', yaml(POD_MONITOR)],
    ...Object.entries(OVERLAYS).flatMap(([name, overlay]) => {
      const says = `# ${overlay.says}\n`;
      const resources = ['../base', ...(overlay.resources ?? [])];
      const patches = [{ patch: stringify(patch(overlay)) }];
      return [
        [`deploy/kustomize/${name}/kustomization.yaml`, yaml({ ...kustomization(resources), patches }, says)] as const,
        [`deploy/helm/vrouter/ci/${name}-values.yaml`, yaml(overlay.values, says)] as const,
      ];
    }),
  ];
}

function kustomization(resources: readonly string[]) {
  return { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources };
}

function patch({ env, pod, container }: Overlay) {
  const settings = Object.entries(env).map(([name, value]) =>
    value === undefined ? { name, $patch: 'delete' } : { name, value },
  );
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'vrouter', namespace: 'kube-system' },
    spec: { template: { spec: { ...pod, containers: [{ name: 'vrouter', env: settings, ...container }] } } },
  };
}
