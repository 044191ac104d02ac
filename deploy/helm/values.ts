import * as z from 'zod';

/** A string that has something in it, without blanks. */
const word = z.string().regex(/^\S+$/);
const labels = z.record(z.string(), z.string());
const port = z.int().min(1).max(65535);
/** As the operator's Installation has them. */
const encapsulation = z.enum(['None', 'IPIP', 'IPIPCrossSubnet', 'VXLAN', 'VXLANCrossSubnet']);
const ipv4Cidr = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/);
const ipv6Cidr = z.string().regex(/^([0-9a-fA-F:.]+\/\d{1,3})?$/);
/** As Kubernetes has them; the API server knows more about them than a chart should. */
const objects = z.array(z.record(z.string(), z.unknown()));
const object = z.record(z.string(), z.unknown());
const monitor = (what: string) =>
  z
    .strictObject({
      enabled: z.boolean().default(false),
      interval: z
        .string()
        .regex(/^\d+(s|m)$/)
        .default('30s'),
      labels: labels.default({}).describe('Labels by which your Prometheus chooses it.'),
    })
    .prefault({})
    .describe(what);

/** What may be set when the chart is installed, with what it is otherwise: values.yaml and values.schema.json are made from it. */
export const VALUES = z.strictObject({
  image: z
    .strictObject({
      repository: word
        .default('vrouter')
        .describe('Build it with the Dockerfile, and push it to where the nodes pull from.'),
      tag: z
        .string()
        .regex(/^[\w][\w.-]{0,127}$|^$/)
        .default('')
        .describe("Empty: the chart's appVersion."),
      digest: z
        .string()
        .regex(/^(sha256:[0-9a-f]{64})?$/)
        .default('')
        .describe('sha256:…; goes before the tag.'),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
    })
    .prefault({}),
  imagePullSecrets: z.array(z.strictObject({ name: word })).default([]),
  mode: z
    .enum(['network', 'policy-only'])
    .default('network')
    .describe('policy-only: another CNI plugin wires the pods and routes; vRouter enforces policy alone.'),
  datastore: z
    .strictObject({
      type: z.enum(['kubernetes', 'etcdv3']).default('kubernetes'),
      etcd: z
        .strictObject({
          endpoints: z
            .string()
            .regex(/^(https?:\/\/[^,\s]+(,https?:\/\/[^,\s]+)*)?$/)
            .default('')
            .describe('With etcdv3: https://a:2379,https://b:2379.'),
          secret: z
            .string()
            .default('')
            .describe('A Secret with etcd-ca, etcd-cert and etcd-key, as calico-etcd-secrets; empty: no TLS.'),
        })
        .prefault({}),
    })
    .prefault({}),
  pools: z
    .strictObject({
      ipv4: z
        .strictObject({
          cidr: ipv4Cidr.default('10.244.0.0/16').describe("The cluster's pod CIDR."),
          blockSize: z.int().min(20).max(32).default(26),
          encapsulation: encapsulation
            .default('VXLANCrossSubnet')
            .describe('None, IPIP, IPIPCrossSubnet, VXLAN or VXLANCrossSubnet (only over a router between subnets).'),
          natOutgoing: z.boolean().default(true),
        })
        .prefault({}),
      ipv6: z
        .strictObject({
          cidr: ipv6Cidr.default('').describe('Empty: no IPv6.'),
          blockSize: z.int().min(116).max(128).default(122),
          encapsulation: z.enum(['None', 'VXLAN', 'VXLANCrossSubnet']).default('None'),
          natOutgoing: z.boolean().default(false),
        })
        .prefault({}),
    })
    .prefault({})
    .describe('Pools that are made when there are none; what is there already is changed with calicoctl.'),
  bgp: z
    .strictObject({
      enabled: z.boolean().default(true).describe('false: VXLAN carries everything between nodes.'),
      as: z
        .int()
        .min(0)
        .max(4294967295)
        .default(0)
        .describe('0: what the BGPConfiguration says, and 64512 where it says nothing.'),
      passwordSecrets: z
        .array(word)
        .default(['bgp-secrets'])
        .describe("Secrets beside the daemon that hold BGP sessions' passwords, which it may read."),
    })
    .prefault({}),
  autodetection: z
    .strictObject({
      ipv4: z
        .string()
        .default('')
        .describe("How a node's address is found: first-found when empty, interface=REGEX, cidr=CIDR …"),
      ipv6: z.string().default(''),
    })
    .prefault({}),
  endpointToHostAction: z
    .enum(['DROP', 'RETURN', 'ACCEPT'])
    .default('ACCEPT')
    .describe('Whether pods reach their own node, as far as their own policy lets them.'),
  interfacePrefix: z
    .string()
    .regex(/^[A-Za-z0-9]{0,4}$/)
    .default('')
    .describe("Of the pods' interfaces on the host; cali when empty."),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warning', 'error', 'fatal']).default('info') }).prefault({}),
  health: z.strictObject({ port: port.default(9099).describe('On localhost, for the probes.') }).prefault({}),
  metrics: z
    .strictObject({ enabled: z.boolean().default(false), port: port.default(9091) })
    .prefault({})
    .describe('On by themselves where a monitor below is.'),
  page: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Beside the health page, for the node itself.'),
      host: z
        .string()
        .regex(/^\S*$/)
        .default('')
        .describe('Where others reach it, such as 0.0.0.0; then both Secrets are needed. Empty: nowhere else.'),
      port: port.default(9179),
      tlsSecret: z.string().default('').describe('A Secret of type kubernetes.io/tls: tls.crt and tls.key.'),
      tokenSecret: z
        .string()
        .default('')
        .describe('A Secret with token: at least 16 characters, which browsers ask for as a password.'),
    })
    .prefault({})
    .describe('What people see of a node in a browser.'),
  pathProbes: z
    .strictObject({
      interval: z.int().min(0).max(3600).default(0).describe('Seconds from probe to probe; 0: off.'),
      port: port.default(9178).describe('UDP, open between all nodes, also in policy of HostEndpoints.'),
    })
    .prefault({})
    .describe('Whether nodes measure loss, round trips and the largest packet between each other.'),
  monitoring: z
    .strictObject({
      podMonitor: monitor('For the Prometheus operator.'),
      serviceMonitor: monitor('With a headless Service; one of the two is enough.'),
      prometheusRule: z
        .strictObject({ enabled: z.boolean().default(false), labels: labels.default({}) })
        .prefault({})
        .describe('The alerts of docs/runbooks.'),
      runbooks: word
        .default('docs/runbooks')
        .describe("Where the alerts' pages are to be read: the address of a folder."),
      dashboards: z
        .strictObject({ enabled: z.boolean().default(false), labels: labels.default({ grafana_dashboard: '1' }) })
        .prefault({})
        .describe("ConfigMaps, as Grafana's sidecar finds boards."),
    })
    .prefault({}),
  cni: z
    .strictObject({
      binDir: z
        .string()
        .regex(/^\//)
        .default('/opt/cni/bin')
        .describe('Where the container runtime looks for plugins …'),
      netDir: z.string().regex(/^\//).default('/etc/cni/net.d').describe('… and for networks.'),
      confName: z
        .string()
        .regex(/^[\w.-]+\.conflist$/)
        .default('10-vrouter.conflist'),
    })
    .prefault({}),
  resources: object.default({ requests: { cpu: '100m', memory: '128Mi' } }),
  priorityClassName: word.default('system-node-critical'),
  tolerations: objects.default([{ operator: 'Exists' }]).describe('No node becomes ready without it.'),
  nodeSelector: labels.default({ 'kubernetes.io/os': 'linux' }),
  affinity: object.default({}),
  podAnnotations: labels.default({}),
  podLabels: labels.default({}),
  updateStrategy: z
    .strictObject({ maxUnavailable: z.union([z.int().min(1), z.string().regex(/^[1-9]\d?%$|^100%$/)]).default(1) })
    .prefault({}),
  terminationGracePeriodSeconds: z.int().min(0).default(10),
  env: labels
    .default({})
    .describe('Further settings of the daemon, by name, such as FELIX_ROUTEREFRESHINTERVAL: "60".'),
  global: object.default({}).describe('What a chart that this one is part of says to all of its parts; not read.'),
});
