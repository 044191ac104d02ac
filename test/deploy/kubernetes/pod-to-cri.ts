import type { Field } from '../../containerd/protobuf.ts';
import type { Container, Pod } from './pod.ts';

/** How kubelet says to a runtime what a pod's manifest says (`pkg/kubelet/kuberuntime` of Kubernetes 1.26). */

/** NamespaceMode of the CRI. */
const POD = 0;
const CONTAINER = 1;
const NODE = 2;
/** MountPropagation of the CRI. */
const PROPAGATION = { None: 0, HostToContainer: 1 } as const;

/** `procMount: Default`: what every container without `privileged` is given. */
const MASKED = ['asound', 'acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi'];
const READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'];

/** The resolver of pods in their own network, as a kubelet with `clusterDNS` and `clusterDomain` tells them. */
export const CLUSTER_DNS = '10.96.0.10';
const DOMAIN = 'cluster.local';

/** What the node knows that a container may ask for. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly hostIp: string;
  /** Of the cluster's API server: for the environment of every container. */
  readonly service: { readonly host: string; readonly port: string };
  /** Folder that holds the token of the pod's service account. */
  readonly serviceAccount: string;
}

export function sandboxConfig(pod: Pod, logs: string): Field[] {
  return [
    [
      1,
      [
        [1, pod.name],
        [2, pod.uid],
        [3, pod.namespace],
      ],
    ],
    [2, pod.spec.hostNetwork ? undefined : pod.name],
    [3, logs],
    [4, pod.spec.hostNetwork ? undefined : resolving(pod)],
    ...pairs(6, {
      ...pod.labels,
      'io.kubernetes.pod.name': pod.name,
      'io.kubernetes.pod.namespace': pod.namespace,
      'io.kubernetes.pod.uid': pod.uid,
    }),
    [
      8,
      [
        [
          2,
          [
            [1, namespaces(pod)],
            [9, []],
          ],
        ],
      ],
    ],
  ];
}

function resolving({ namespace }: Pod): Field[] {
  const searched = [`${namespace}.svc.${DOMAIN}`, `svc.${DOMAIN}`, DOMAIN];
  return [[1, CLUSTER_DNS], ...searched.map((domain): Field => [2, domain]), [3, 'ndots:5']];
}

export function containerConfig(pod: Pod, container: Container, facts: NodeFacts): Field[] {
  const environment = {
    KUBERNETES_SERVICE_HOST: facts.service.host,
    KUBERNETES_SERVICE_PORT: facts.service.port,
    KUBERNETES_SERVICE_PORT_HTTPS: facts.service.port,
    ...Object.fromEntries(container.env.map((variable) => [variable.name, variableOf(variable, pod, facts)])),
  };
  return [
    [1, [[1, container.name]]],
    [2, [[1, container.image]]],
    ...container.command.map((word): Field => [3, word]),
    ...container.args.map((word): Field => [4, word]),
    ...pairs(6, environment),
    ...mounts(pod, container, facts),
    ...pairs(9, { 'io.kubernetes.container.name': container.name, 'io.kubernetes.pod.uid': pod.uid }),
    [11, `${container.name}.log`],
    [15, [[2, securityContext(pod, container)]]],
  ];
}

function variableOf({ value, valueFrom }: Container['env'][number], pod: Pod, facts: NodeFacts): string {
  if (valueFrom === undefined) return value ?? '';
  return {
    'spec.nodeName': facts.nodeName,
    'metadata.name': pod.name,
    'status.hostIP': facts.hostIp,
  }[valueFrom.fieldRef.fieldPath];
}

function mounts({ spec }: Pod, { volumeMounts }: Container, { serviceAccount }: NodeFacts): Field[] {
  const own = volumeMounts.map(({ name, mountPath, readOnly, mountPropagation }): Field => {
    const volume = spec.volumes.find((candidate) => candidate.name === name);
    if (volume === undefined) throw new Error(`volumeMounts: there is no volume '${name}'`);
    return mount(mountPath, volume.hostPath.path, readOnly, PROPAGATION[mountPropagation]);
  });
  if (!spec.automountServiceAccountToken) return own;
  return [...own, mount('/var/run/secrets/kubernetes.io/serviceaccount', serviceAccount, true, PROPAGATION.None)];
}

function mount(to: string, from: string, readOnly: boolean, propagation: number): Field {
  return [
    7,
    [
      [1, to],
      [2, from],
      [3, readOnly],
      [5, propagation],
    ],
  ];
}

/** With the runtime's own seccomp profile, as a kubelet with `seccompDefault` asks for: what runs under it runs without. */
function securityContext(pod: Pod, { securityContext: context }: Container): Field[] {
  const proc = context.privileged
    ? []
    : [
        ...MASKED.map((name): Field => [13, `/proc/${name}`]),
        [13, '/sys/firmware'] as const,
        ...READ_ONLY.map((name): Field => [14, `/proc/${name}`]),
      ];
  return [
    [
      1,
      [
        ...context.capabilities.add.map((name): Field => [1, name]),
        ...context.capabilities.drop.map((name): Field => [2, name]),
      ],
    ],
    [2, context.privileged],
    [3, namespaces(pod)],
    [5, pod.spec.securityContext.runAsUser === undefined ? undefined : [[1, pod.spec.securityContext.runAsUser]]],
    [7, context.readOnlyRootFilesystem],
    [11, !context.allowPrivilegeEscalation],
    ...proc,
    [15, []],
  ];
}

function namespaces({ spec }: Pod): Field[] {
  return [
    [1, spec.hostNetwork ? NODE : POD],
    [2, spec.hostPID ? NODE : CONTAINER],
    [3, POD],
  ];
}

function pairs(field: number, values: Readonly<Record<string, string>>): Field[] {
  return Object.entries(values).map(
    ([key, value]): Field => [
      field,
      [
        [1, key],
        [2, value],
      ],
    ],
  );
}
