import { DENIED_PORT, OPEN_PORT } from '../probe.ts';
import type { TestRole } from '../stage.ts';

/** The label by which policies and services know the test's pods; its value is their role. */
const LABEL = 'vrouter-test';
const PROGRAM = ['/opt/vrouter/dist/bin/vrouter', '__probe'];

/** A namespace in which pods may do nothing special: the test's need nothing. */
export function namespaceObject(name: string) {
  const labels = { [LABEL]: 'namespace', 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export interface PodWishes {
  readonly name: string;
  readonly role: TestRole;
  readonly node: string;
  readonly image: string;
  /** For the probe: `serve` with a name and ports, or `stay` with what is to be tried. */
  readonly words: readonly string[];
}

/** A pod on that very node, whatever its taints are, as nobody and without any rights. */
export function podObject({ name, role, node, image, words }: PodWishes) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { [LABEL]: role } },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: 'Exists' }],
      securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: [...PROGRAM, ...words],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          resources: { requests: { cpu: '10m', memory: '64Mi' } },
        },
      ],
    },
  };
}

/** The words of a pod that serves. */
export function servingWords(name: string): readonly string[] {
  return ['serve', name, String(OPEN_PORT), String(DENIED_PORT)];
}

/** A service with all servers of the test behind it. */
export function serviceObject(name: string) {
  const spec = { selector: { [LABEL]: 'server' }, ports: [{ name: 'probe', port: OPEN_PORT, protocol: 'TCP' }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
}
