/** What of Kubernetes' API the tests' kubelet knows: a field that is not here is refused, so no manifest has one that no test sees at work. */
import * as z from 'zod';

const envVar = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .strictObject({
      fieldRef: z.strictObject({ fieldPath: z.enum(['spec.nodeName', 'metadata.name', 'status.hostIP']) }),
    })
    .optional(),
});

const capabilities = z.strictObject({ add: z.array(z.string()).default([]), drop: z.array(z.string()).default([]) });

const securityContext = z.strictObject({
  capabilities: capabilities.default({ add: [], drop: [] }),
  privileged: z.boolean().default(false),
  readOnlyRootFilesystem: z.boolean().default(false),
  allowPrivilegeEscalation: z.boolean().default(true),
});

const probe = z.strictObject({
  httpGet: z.strictObject({ host: z.string(), path: z.string(), port: z.int() }),
  initialDelaySeconds: z.int().optional(),
  periodSeconds: z.int().optional(),
  failureThreshold: z.int().optional(),
  timeoutSeconds: z.int().optional(),
});

const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.literal('IfNotPresent').optional(),
  terminationMessagePolicy: z.literal('FallbackToLogsOnError').optional(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(envVar).default([]),
  securityContext: securityContext.prefault({}),
  resources: z.strictObject({ requests: z.strictObject({ cpu: z.string(), memory: z.string() }) }).optional(),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  volumeMounts: z
    .array(
      z.strictObject({
        name: z.string(),
        mountPath: z.string(),
        readOnly: z.boolean().default(false),
        mountPropagation: z.enum(['None', 'HostToContainer']).default('None'),
      }),
    )
    .default([]),
});

const podSecurity = z.strictObject({
  /** Every container of the tests has the runtime's profile, asked for or not. */
  seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }).optional(),
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.int().optional(),
});

export const podSpec = z.strictObject({
  nodeName: z.string().optional(),
  restartPolicy: z.literal('Never').optional(),
  automountServiceAccountToken: z.boolean().default(true),
  enableServiceLinks: z.literal(false).optional(),
  hostNetwork: z.boolean().default(false),
  hostPID: z.boolean().default(false),
  serviceAccountName: z.string().default('default'),
  priorityClassName: z.string().optional(),
  terminationGracePeriodSeconds: z.int().default(30),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z.array(z.strictObject({ operator: z.literal('Exists') })).default([]),
  securityContext: podSecurity.default({}),
  initContainers: z.array(container).default([]),
  containers: z.array(container),
  volumes: z
    .array(
      z.strictObject({
        name: z.string(),
        hostPath: z.strictObject({
          path: z.string(),
          type: z.enum(['', 'Directory', 'DirectoryOrCreate']).default(''),
        }),
      }),
    )
    .default([]),
});

const labels = z.record(z.string(), z.string()).default({});

/** The one DaemonSet of a manifest. */
export const daemonSetSchema = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('DaemonSet'),
  metadata: z.strictObject({ name: z.string(), namespace: z.string(), labels }),
  spec: z.strictObject({
    selector: z.strictObject({ matchLabels: labels }),
    updateStrategy: z.strictObject({
      type: z.literal('RollingUpdate'),
      rollingUpdate: z.strictObject({ maxUnavailable: z.int() }),
    }),
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec }),
  }),
});

export type PodSpec = z.infer<typeof podSpec>;
export type Container = z.infer<typeof container>;
export type Probe = z.infer<typeof probe>;

/** A pod as the scheduler hands it to a node's kubelet. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}
