import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { reasonOf } from '../../base/index.ts';
import type { KubernetesConfig } from '../config.ts';
import { DatastoreConfigError } from '../errors.ts';
import { readTokenFiles } from './token-file.ts';

/** Where the API server is and how we prove who we are. The official client reads kubeconfigs and gets tokens. */
export class Access {
  readonly server: string;
  readonly #config: KubeConfig;
  #agent: { readonly of: string; readonly agent: http.Agent | https.Agent } | undefined;

  constructor(config: KubernetesConfig) {
    this.#config = load(config);
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new DatastoreConfigError(`kubeconfig: ${noCluster(this.#config, config)}`);
    this.server = cluster.server.replace(/\/$/, '');
    if (!/^https?:/.test(this.server) || !URL.canParse(this.server)) {
      throw new DatastoreConfigError(`kubeconfig: '${this.server}' is no URL such as https://10.96.0.1:443`);
    }
  }

  /** The options of a request: headers with a fresh token, and an agent that keeps connections. */
  async options(): Promise<https.RequestOptions> {
    const options: https.RequestOptions = { headers: {} };
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new DatastoreConfigError(`kubeconfig: no credentials: ${reasonOf(error)}`, { cause: error });
    }
    if (!this.#config.getCurrentCluster()?.proxyUrl) options.agent = this.#keepingAgent(options);
    return options;
  }

  close(): void {
    this.#agent?.agent.destroy();
  }

  /** The client's own agent opens a connection for each request. */
  #keepingAgent({ ca, cert, key, rejectUnauthorized, servername }: https.RequestOptions): http.Agent | https.Agent {
    const of = [ca, cert, key, rejectUnauthorized, servername].map(String).join('\n');
    if (this.#agent?.of === of) return this.#agent.agent;
    this.#agent?.agent.destroy();
    const keep = { keepAlive: true, keepAliveMsecs: 10_000 };
    const agent = this.server.startsWith('http:')
      ? new http.Agent(keep)
      : new https.Agent({ ...keep, ca, cert, key, rejectUnauthorized, servername });
    this.#agent = { of, agent };
    return agent;
  }
}

const NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The namespace in which the daemon runs; outside a pod, the one in which it usually does. */
export function ownNamespace(): string {
  try {
    return readFileSync(NAMESPACE, 'utf8').trim() || 'kube-system';
  } catch {
    return 'kube-system';
  }
}

function load(config: KubernetesConfig): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    if (config.kubeconfigInline !== undefined) kubeConfig.loadFromString(config.kubeconfigInline);
    else if (config.apiEndpoint !== undefined) loadEndpoint(kubeConfig, config, config.apiEndpoint);
    else if (config.kubeconfig !== undefined) loadFiles(kubeConfig, config.kubeconfig.split(':'));
    else if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined) kubeConfig.loadFromCluster();
    else loadFiles(kubeConfig, [join(homedir(), '.kube', 'config')]);
  } catch (error) {
    if (error instanceof DatastoreConfigError) throw error;
    throw new DatastoreConfigError(`kubeconfig: ${reasonOf(error)}`, { cause: error });
  }
  readTokenFiles(kubeConfig);
  if (config.context !== undefined) kubeConfig.setCurrentContext(config.context);
  return kubeConfig;
}

function loadFiles(kubeConfig: KubeConfig, paths: readonly string[]): void {
  const files = paths.filter((path) => path !== '' && existsSync(path));
  if (files.length === 0) {
    const advice = 'name a kubeconfig with KUBECONFIG, or another datastore with DATASTORE_TYPE';
    throw new DatastoreConfigError(`kubeconfig: there is no file ${paths.join(', ')}: ${advice}`);
  }
  for (const [at, file] of files.entries()) {
    if (at === 0) kubeConfig.loadFromFile(file);
    else {
      const more = new KubeConfig();
      more.loadFromFile(file);
      kubeConfig.mergeConfig(more, true);
    }
  }
}

function loadEndpoint(kubeConfig: KubeConfig, config: KubernetesConfig, server: string): void {
  const read = (path: string | undefined): string | undefined => path && readFileSync(path).toString('base64');
  const insecure = config.insecureSkipTLSVerify === true || server.startsWith('http:');
  const [caData, certData, keyData] = [read(config.caFile), read(config.certFile), read(config.keyFile)];
  kubeConfig.loadFromClusterAndUser(
    { name: 'cluster', server, skipTLSVerify: insecure, ...(caData && { caData }) },
    {
      name: 'user',
      ...(config.token && { token: config.token }),
      ...(certData && { certData }),
      ...(keyData && { keyData }),
    },
  );
}

function noCluster(kubeConfig: KubeConfig, { context }: KubernetesConfig): string {
  const known = kubeConfig.getContexts().map(({ name }) => name);
  return `context '${context ?? kubeConfig.getCurrentContext()}' names no cluster; contexts: ${known.join(', ') || 'none'}`;
}
