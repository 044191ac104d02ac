import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { reasonOf } from '../base/index.ts';
import { API_VERSION } from '../model/index.ts';
import { DatastoreConfigError } from './errors.ts';

/** The engine, and how to reach it. */
export type DatastoreConfig =
  | { readonly type: 'memory' }
  | { readonly type: 'sqlite'; readonly path: string }
  | EtcdConfig
  | KubernetesConfig;

/** Certificates and keys are PEM text. */
export interface EtcdConfig {
  readonly type: 'etcdv3';
  /** `http://` or `https://` URLs; tried in turn. */
  readonly endpoints: readonly string[];
  /** The domain whose SRV records name the endpoints; then there are none above. */
  readonly discoverySrv?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
  readonly caCert?: string | undefined;
}

/** With none of these: the pod's own service account, else `~/.kube/config`. */
export interface KubernetesConfig {
  readonly type: 'kubernetes';
  /** Path of a kubeconfig, or several as in `KUBECONFIG`. */
  readonly kubeconfig?: string | undefined;
  /** The text of a kubeconfig. */
  readonly kubeconfigInline?: string | undefined;
  readonly context?: string | undefined;
  readonly apiEndpoint?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly token?: string | undefined;
  readonly insecureSkipTLSVerify?: boolean | undefined;
}

export const defaultConfigFile = '/etc/calico/calicoctl.cfg';
export const defaultSqlitePath = '/var/lib/calico/vrouter.db';

/** Each setting by its key in a `CalicoAPIConfig`, and its name in the environment (also with `CALICO_` before it). */
const variables = {
  datastoreType: 'DATASTORE_TYPE',
  sqlitePath: 'SQLITE_PATH',
  etcdEndpoints: 'ETCD_ENDPOINTS',
  etcdDiscoverySrv: 'ETCD_DISCOVERY_SRV',
  etcdUsername: 'ETCD_USERNAME',
  etcdPassword: 'ETCD_PASSWORD',
  etcdKeyFile: 'ETCD_KEY_FILE',
  etcdCertFile: 'ETCD_CERT_FILE',
  etcdCACertFile: 'ETCD_CA_CERT_FILE',
  etcdKey: 'ETCD_KEY',
  etcdCert: 'ETCD_CERT',
  etcdCACert: 'ETCD_CA_CERT',
  kubeconfig: 'KUBECONFIG',
  kubeconfigInline: 'KUBECONFIG_INLINE',
  k8sAPIEndpoint: 'K8S_API_ENDPOINT',
  k8sKeyFile: 'K8S_KEY_FILE',
  k8sCertFile: 'K8S_CERT_FILE',
  k8sCAFile: 'K8S_CA_FILE',
  k8sAPIToken: 'K8S_API_TOKEN',
  k8sInsecureSkipTLSVerify: 'K8S_INSECURE_SKIP_TLS_VERIFY',
  k8sCurrentContext: 'K8S_CURRENT_CONTEXT',
} as const;

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const settingsSchema = z.looseObject({
  ...(Object.fromEntries(Object.keys(variables).map((key) => [key, text.optional()])) as Record<
    keyof typeof variables,
    z.ZodOptional<typeof text>
  >),
  datastoreType: z
    .enum(['kubernetes', 'etcdv3', 'sqlite', 'memory'], {
      error: (issue) => `unknown datastore type '${String(issue.input)}': kubernetes, etcdv3, sqlite or memory`,
    })
    .optional(),
});

type Settings = z.output<typeof settingsSchema>;

export interface ConfigSources {
  /** The file that the user named; it must exist. Without one, `defaultConfigFile` if there is such a file. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A context of the kubeconfig that the user named. */
  readonly context?: string | undefined;
  /** Where the default config file and database are; for tests. */
  readonly defaultFile?: string;
  readonly defaultSqlite?: string;
}

/**
 * How to reach the datastore, in Calico's precedence: a config file wins entirely; the environment counts only when
 * there is none. When neither says anything, an embedded database on this machine is used, else Kubernetes.
 */
export async function readDatastoreConfig(sources: ConfigSources = {}): Promise<DatastoreConfig> {
  const { env = process.env, defaultFile = defaultConfigFile, defaultSqlite = defaultSqlitePath, context } = sources;
  const file = sources.file ?? (existsSync(defaultFile) ? defaultFile : undefined);
  const settings = file === undefined ? fromEnvironment(env) : await fromFile(file);
  const silent = Object.keys(settings).length === 0;
  const type = settings.datastoreType ?? (silent && existsSync(defaultSqlite) ? 'sqlite' : 'kubernetes');
  if (type === 'memory') return { type };
  if (type === 'sqlite') return { type, path: settings.sqlitePath ?? defaultSqlite };
  if (type === 'etcdv3') return etcdConfig(settings);
  return {
    type,
    kubeconfig: settings.kubeconfig,
    kubeconfigInline: settings.kubeconfigInline,
    context: context ?? settings.k8sCurrentContext,
    apiEndpoint: settings.k8sAPIEndpoint,
    keyFile: settings.k8sKeyFile,
    certFile: settings.k8sCertFile,
    caFile: settings.k8sCAFile,
    token: settings.k8sAPIToken,
    insecureSkipTLSVerify: settings.k8sInsecureSkipTLSVerify === 'true',
  };
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Settings {
  const found: Record<string, string> = {};
  for (const [key, name] of Object.entries(variables)) {
    const value = env[`CALICO_${name}`] || env[name];
    if (value) found[key] = value;
  }
  return checked(found, (key) => variables[key as keyof typeof variables] ?? key);
}

async function fromFile(path: string): Promise<Settings> {
  let content: unknown;
  try {
    const text = readFileSync(path, 'utf8');
    // A daemon, which has no such file, does without the parser's memory.
    content = (await import('js-yaml')).loadAll(text)[0];
  } catch (error) {
    throw new DatastoreConfigError(`Error reading config file: ${path}: ${reasonOf(error)}`, { cause: error });
  }
  const header = z.looseObject({}).safeParse(content);
  if (!header.success) throw new DatastoreConfigError(`invalid config file: ${path} is not a YAML map`);
  const { apiVersion, kind, spec } = header.data as Record<string, unknown>;
  if (apiVersion !== API_VERSION) {
    throw new DatastoreConfigError(`invalid config file: unknown APIVersion '${String(apiVersion ?? '')}'`);
  }
  if (kind !== 'CalicoAPIConfig') {
    throw new DatastoreConfigError(`invalid config file: expected kind 'CalicoAPIConfig', got '${String(kind ?? '')}'`);
  }
  return checked(spec ?? {}, (key) => `spec.${key}`);
}

function checked(raw: unknown, nameOf: (key: string) => string): Settings {
  const given =
    typeof raw === 'object' && raw !== null ? Object.entries(raw).filter(([, value]) => value != null) : raw;
  const result = settingsSchema.safeParse(Array.isArray(given) ? Object.fromEntries(given) : given);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new DatastoreConfigError(`datastore configuration: ${nameOf(String(path[0] ?? ''))}: ${message}`);
}

function etcdConfig(settings: Settings): EtcdConfig {
  const discoverySrv = settings.etcdDiscoverySrv;
  const endpoints = (settings.etcdEndpoints ?? '')
    .split(',')
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '');
  if (endpoints.length > 0 && discoverySrv !== undefined) {
    throw new DatastoreConfigError(
      'datastore configuration: etcdDiscoverySrv and etcdEndpoints exclude each other: give one of them',
    );
  }
  if (endpoints.length === 0 && discoverySrv === undefined) {
    throw new DatastoreConfigError('datastore configuration: etcdEndpoints must name at least one etcd endpoint');
  }
  for (const endpoint of endpoints) {
    if (/^https?:\/\/[^/]+\/?$/.test(endpoint) && URL.canParse(endpoint)) continue;
    throw new DatastoreConfigError(
      `datastore configuration: etcdEndpoints: '${endpoint}' must be a URL such as http://10.0.0.1:2379`,
    );
  }
  return {
    type: 'etcdv3',
    endpoints,
    discoverySrv,
    username: settings.etcdUsername,
    password: settings.etcdPassword,
    key: pem(settings, 'etcdKey'),
    cert: pem(settings, 'etcdCert'),
    caCert: pem(settings, 'etcdCACert'),
  };
}

/** PEM text given in place, or in a file. */
function pem(settings: Settings, name: 'etcdKey' | 'etcdCert' | 'etcdCACert'): string | undefined {
  const inline = settings[name];
  const path = settings[`${name}File`];
  if (inline !== undefined || path === undefined) return inline;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new DatastoreConfigError(`datastore configuration: ${name}File: ${reasonOf(error)}`, { cause: error });
  }
}
