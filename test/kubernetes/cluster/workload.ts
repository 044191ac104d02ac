import { IMAGE } from '../../containerd/image.ts';

/** What pods of the tests run: a web server that says its pod's name. */
const SERVE = 'echo $NAME > /tmp/index.html; exec httpd -f -p 8080 -h /tmp';

export interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly probes?: boolean;
  readonly hostPort?: number;
}

/** The template of a pod that answers on port 8080. It ends at once. */
function template(app: string, { labels, probes, hostPort }: PodOptions): object {
  const httpGet = { path: '/', port: 8080 };
  const probe = { httpGet, periodSeconds: 1, failureThreshold: 2 };
  return {
    metadata: { labels: { app, ...labels } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', SERVE],
          env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          ports: [{ containerPort: 8080, ...(hostPort !== undefined && { hostPort }) }],
          ...(probes && { readinessProbe: probe, livenessProbe: probe }),
        },
      ],
      // As evenly over the nodes as can be.
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: { app } },
        },
      ],
    },
  };
}

export function deployment(app: string, replicas: number, options: PodOptions = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: app, namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app } }, template: template(app, options) },
  };
}

export function statefulSet(app: string, replicas: number): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: app, namespace: 'default' },
    spec: {
      ...{ replicas, serviceName: app, podManagementPolicy: 'Parallel' },
      selector: { matchLabels: { app } },
      template: template(app, {}),
    },
  };
}

export function service(app: string, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace: 'default' },
    spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ...spec },
  };
}

/** A policy that lets nothing into the pods of the namespace but what `ingress` says. */
export function networkPolicy(name: string, podSelector: object, ingress: readonly object[] = []): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'default' },
    spec: { podSelector, policyTypes: ['Ingress'], ingress },
  };
}
