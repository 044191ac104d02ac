import { type Edit, type Path, splice } from './splice.ts';

const POD: Path = ['spec', 'template', 'spec'];
const DAEMON: Path = [...POD, 'containers', 'vrouter='];
const INSTALL: Path = [...POD, 'initContainers', 'install-cni='];

const NETWORK = '{{- if eq .Values.mode "network" }}';
const END = '{{- end }}';
const MONITORED =
  'or .Values.metrics.enabled .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled';

const set = (path: Path, expression: string): Edit => ({ kind: 'set', path, text: `{{ ${expression} }}` });
const value = (path: Path, name: string, text: string): Edit => ({
  kind: 'set',
  path: [...path, 'env', `${name}=`, 'value'],
  text,
});
/** An item of a list is as far in as a key of a map would be. */
const block = (path: Path, name: string): Edit => {
  const margin = path.length * 2;
  const text = `\n${' '.repeat(margin)}{{- toYaml .Values.${name} | nindent ${margin} }}`;
  return { kind: 'set', path, text };
};

/** Words of the pool's encapsulation, as Calico's environment splits them. */
const encapsulation = (pool: string, kind: string): string =>
  `{{ include "vrouter.encapsulation" (dict "kind" "${kind}" "of" .Values.pools.${pool}.encapsulation) }}`;

/** Settings that are there only where something is said of them. */
const FURTHER = `{{- with .Values.bgp.as }}
- name: AS
  value: {{ int64 . | quote }}
{{- end }}
{{- with .Values.autodetection.ipv4 }}
- name: IP_AUTODETECTION_METHOD
  value: {{ . | quote }}
{{- end }}
{{- if and (eq .Values.mode "network") .Values.pools.ipv6.cidr }}
- name: IP6
  value: autodetect
{{- with .Values.autodetection.ipv6 }}
- name: IP6_AUTODETECTION_METHOD
  value: {{ . | quote }}
{{- end }}
- name: CALICO_IPV6POOL_CIDR
  value: {{ .Values.pools.ipv6.cidr | quote }}
- name: CALICO_IPV6POOL_BLOCK_SIZE
  value: {{ int .Values.pools.ipv6.blockSize | quote }}
- name: CALICO_IPV6POOL_VXLAN
  value: ${encapsulation('ipv6', 'VXLAN')}
- name: CALICO_IPV6POOL_NAT_OUTGOING
  value: {{ .Values.pools.ipv6.natOutgoing | quote }}
{{- end }}
{{- with .Values.interfacePrefix }}
- name: FELIX_INTERFACEPREFIX
  value: {{ . | quote }}
{{- end }}
{{- if eq .Values.datastore.type "etcdv3" }}
- name: ETCD_ENDPOINTS
  value: {{ .Values.datastore.etcd.endpoints | quote }}
{{- if .Values.datastore.etcd.secret }}
- name: ETCD_CA_CERT_FILE
  value: /etcd-secrets/etcd-ca
- name: ETCD_CERT_FILE
  value: /etcd-secrets/etcd-cert
- name: ETCD_KEY_FILE
  value: /etcd-secrets/etcd-key
{{- end }}
{{- end }}
{{- if not .Values.page.enabled }}
- name: VROUTER_PAGE
  value: "false"
{{- end }}
{{- if .Values.page.host }}
- name: VROUTER_PAGE_HOST
  value: {{ .Values.page.host | quote }}
- name: VROUTER_PAGE_PORT
  value: {{ int .Values.page.port | quote }}
- name: VROUTER_PAGE_TLS_CERT
  value: /page-tls/tls.crt
- name: VROUTER_PAGE_TLS_KEY
  value: /page-tls/tls.key
- name: VROUTER_PAGE_TOKEN_FILE
  value: /page-token/token
{{- end }}
{{- if .Values.pathProbes.interval }}
- name: VROUTER_PATH_PROBE_INTERVAL
  value: {{ int .Values.pathProbes.interval | quote }}
- name: VROUTER_PATH_PROBE_PORT
  value: {{ int .Values.pathProbes.port | quote }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}`;

/** Secrets that the daemon reads as files, each where something asks for it. */
const SECRETS = [
  {
    when: 'and (eq .Values.datastore.type "etcdv3") .Values.datastore.etcd.secret',
    ...{ name: 'etcd-secrets', secret: '.Values.datastore.etcd.secret' },
  },
  { when: '.Values.page.host', name: 'page-tls', secret: '.Values.page.tlsSecret' },
  { when: '.Values.page.host', name: 'page-token', secret: '.Values.page.tokenSecret' },
] as const;
const mounts = SECRETS.map(
  ({ when, name }) => `{{- if ${when} }}\n- name: ${name}\n  mountPath: /${name}\n  readOnly: true\n${END}`,
);
const volumes = SECRETS.map(
  ({ when, name, secret }) => `{{- if ${when} }}\n- name: ${name}\n  secret:\n    secretName: {{ ${secret} }}\n${END}`,
);

const EDITS: readonly Edit[] = [
  set(['metadata', 'namespace'], '.Release.Namespace'),
  set(['spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable'], '.Values.updateStrategy.maxUnavailable'),
  {
    kind: 'append',
    path: ['spec', 'template', 'metadata', 'labels'],
    text: '{{- with .Values.podLabels }}\n{{- toYaml . | nindent 8 }}\n{{- end }}',
  },
  {
    kind: 'append',
    path: ['spec', 'template', 'metadata'],
    text: '{{- with .Values.podAnnotations }}\nannotations:\n  {{- toYaml . | nindent 8 }}\n{{- end }}',
  },
  set([...POD, 'priorityClassName'], '.Values.priorityClassName'),
  set([...POD, 'terminationGracePeriodSeconds'], 'int .Values.terminationGracePeriodSeconds'),
  block([...POD, 'nodeSelector'], 'nodeSelector'),
  block([...POD, 'tolerations'], 'tolerations'),
  {
    kind: 'wrap',
    from: [...POD, 'securityContext'],
    before: `{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 8 }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 8 }}
{{- end }}`,
    after: '',
  },

  { kind: 'wrap', from: [...POD, 'initContainers'], before: NETWORK, after: END },
  ...[INSTALL, DAEMON].flatMap((container) => [
    set([...container, 'image'], 'include "vrouter.image" . | quote'),
    set([...container, 'imagePullPolicy'], '.Values.image.pullPolicy'),
  ]),
  value(INSTALL, 'CNI_CONF_NAME', '{{ .Values.cni.confName | quote }}'),
  {
    kind: 'append',
    path: [...INSTALL, 'env'],
    text: `{{- if eq .Values.datastore.type "etcdv3" }}
- name: DATASTORE_TYPE
  value: etcdv3
- name: ETCD_ENDPOINTS
  value: {{ .Values.datastore.etcd.endpoints | quote }}
{{- end }}
{{- if ne .Values.cni.binDir "/opt/cni/bin" }}
- name: CNI_HOST_BIN_DIR
  value: {{ .Values.cni.binDir | quote }}
{{- end }}`,
  },

  value(DAEMON, 'DATASTORE_TYPE', '{{ .Values.datastore.type }}'),
  value(DAEMON, 'CLUSTER_TYPE', '{{ eq (include "vrouter.backend" .) "bird" | ternary "k8s,bgp" "k8s" }}'),
  value(DAEMON, 'CALICO_NETWORKING_BACKEND', '{{ include "vrouter.backend" . }}'),
  {
    kind: 'wrap',
    from: [...DAEMON, 'env', 'CALICO_IPV4POOL_CIDR='],
    to: [...DAEMON, 'env', 'CALICO_IPV4POOL_VXLAN='],
    before: NETWORK,
    after: `{{- else }}\n- name: NO_DEFAULT_POOLS\n  value: "true"\n${END}`,
  },
  value(DAEMON, 'CALICO_IPV4POOL_CIDR', '{{ .Values.pools.ipv4.cidr | quote }}'),
  value(DAEMON, 'CALICO_IPV4POOL_BLOCK_SIZE', '{{ int .Values.pools.ipv4.blockSize | quote }}'),
  value(DAEMON, 'CALICO_IPV4POOL_NAT_OUTGOING', '{{ .Values.pools.ipv4.natOutgoing | quote }}'),
  value(DAEMON, 'CALICO_IPV4POOL_IPIP', encapsulation('ipv4', 'IPIP')),
  value(DAEMON, 'CALICO_IPV4POOL_VXLAN', encapsulation('ipv4', 'VXLAN')),
  value(DAEMON, 'FELIX_DEFAULTENDPOINTTOHOSTACTION', '{{ .Values.endpointToHostAction }}'),
  value(DAEMON, 'FELIX_LOGSEVERITYSCREEN', '{{ .Values.log.level }}'),
  value(DAEMON, 'FELIX_HEALTHPORT', '{{ int .Values.health.port | quote }}'),
  value(DAEMON, 'FELIX_PROMETHEUSMETRICSENABLED', `{{ ${MONITORED} | quote }}`),
  value(DAEMON, 'FELIX_PROMETHEUSMETRICSPORT', '{{ int .Values.metrics.port | quote }}'),
  { kind: 'append', path: [...DAEMON, 'env'], text: FURTHER },
  {
    kind: 'wrap',
    from: [...DAEMON, 'securityContext'],
    before: `{{- if ${MONITORED} }}\nports:\n  - name: metrics\n    containerPort: {{ int .Values.metrics.port }}\n${END}`,
    after: '',
  },
  block([...DAEMON, 'resources'], 'resources'),
  ...['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) =>
    set([...DAEMON, probe, 'httpGet', 'port'], 'int .Values.health.port'),
  ),
  { kind: 'wrap', from: [...DAEMON, 'volumeMounts', 'cni-net='], before: NETWORK, after: END },
  { kind: 'append', path: [...DAEMON, 'volumeMounts'], text: mounts.join('\n') },
  {
    kind: 'wrap',
    from: [...POD, 'volumes', 'cni-bin='],
    to: [...POD, 'volumes', 'cni-net='],
    before: NETWORK,
    after: END,
  },
  set([...POD, 'volumes', 'cni-bin=', 'hostPath', 'path'], '.Values.cni.binDir'),
  set([...POD, 'volumes', 'cni-net=', 'hostPath', 'path'], '.Values.cni.netDir'),
  { kind: 'append', path: [...POD, 'volumes'], text: volumes.join('\n') },
];

/** The chart's DaemonSet, from that of deploy/vrouter.yaml. */
export function daemonSetTemplate(manifest: string): string {
  return `{{- include "vrouter.check" . }}\n${splice(manifest, EDITS)}`;
}
