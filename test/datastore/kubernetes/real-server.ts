import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { crdManifests } from '../../../deploy/crds.ts';
import type { KubernetesConfig, Store } from '../../../src/datastore/index.ts';
import { formatJson, type KindName } from '../../../src/model/index.ts';
import { EtcdServer, freePort } from '../etcd/server.ts';

const folder = process.env['KUBEBUILDER_ASSETS'];
/** The folder with `kube-apiserver` and `etcd`, by envtest's convention; undefined where there is none. */
export const assets = folder !== undefined && existsSync(join(folder, 'kube-apiserver')) ? folder : undefined;

const TOKEN = 'the-tests-own';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [other: string]: unknown;
}

/** A request as the API server's audit log has it. */
export interface Audited {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code: number };
}

export interface RealServerOptions {
  /** More words for kube-apiserver. */
  readonly flags?: readonly string[];
  /** The cluster has no definitions of ours. */
  readonly isBare?: true;
}

/** A real API server with an etcd of its own, our definitions, and the namespaces that the contract uses. */
export class RealServer {
  readonly config: KubernetesConfig;
  readonly etcd: EtcdServer;
  readonly #programs: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #words: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(programs: string, folder: string, port: number, etcd: EtcdServer, flags: readonly string[]) {
    this.#programs = programs;
    this.#folder = folder;
    this.#port = port;
    this.etcd = etcd;
    this.config = this.as(TOKEN);
    const key = join(folder, 'sa.key');
    writeFileSync(join(folder, 'tokens.csv'), `${TOKEN},admin,1,"system:masters"\n`);
    writeFileSync(
      join(folder, 'audit.yaml'),
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, omitStages: [RequestReceived]}]\n',
    );
    execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' });
    this.#words = [
      ...['--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${folder}`],
      ...[`--etcd-servers=${etcd.endpoint}`, `--token-auth-file=${join(folder, 'tokens.csv')}`],
      ...['--authorization-mode=RBAC', '--allow-privileged=true', '--service-cluster-ip-range=10.96.0.0/16'],
      ...['--disable-admission-plugins=ServiceAccount', '--service-account-issuer=https://127.0.0.1'],
      ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
      ...[`--audit-policy-file=${join(folder, 'audit.yaml')}`, `--audit-log-path=${join(folder, 'audit.log')}`],
      ...flags,
    ];
  }

  static async start(programs: string, { flags = [], isBare }: RealServerOptions = {}): Promise<RealServer> {
    if (programs === '') throw new Error('KUBEBUILDER_ASSETS is not set: test/kubernetes/run.sh does');
    const folder = mkdtempSync(join(tmpdir(), 'vrt-kube-'));
    const etcd = await EtcdServer.start('http', [], join(programs, 'etcd'));
    const server = new RealServer(programs, folder, await freePort(), etcd, flags);
    await server.run();
    if (!isBare) await server.define();
    for (const name of ['x', 'y', 'n']) await server.apply([{ ...NAMESPACE, metadata: { name } }]);
    return server;
  }

  /** How somebody with this token reaches it. */
  as(token: string): KubernetesConfig {
    const apiEndpoint = `https://127.0.0.1:${this.#port}`;
    return { type: 'kubernetes', apiEndpoint, token, insecureSkipTLSVerify: true };
  }

  /** Starts the API server, and waits until it is ready. */
  async run(): Promise<void> {
    this.launch();
    await this.ready();
  }

  launch(): void {
    this.#process = spawn(join(this.#programs, 'kube-apiserver'), this.#words, { stdio: 'ignore' });
  }

  async ready(): Promise<void> {
    await this.#until(() => this.ask('GET', '/readyz'));
  }

  /** Has the cluster know our kinds. */
  async define(): Promise<void> {
    const definitions = [...crdManifests().values()].map((text) => parse(text) as Definition);
    for (const one of definitions) await this.apply([one]);
    for (const { spec } of definitions) {
      await this.#until(() => this.ask('GET', `/apis/${spec.group}/v1/${spec.names.plural}`));
    }
  }

  /** Makes what a manifest holds. */
  async apply(manifests: readonly Manifest[]): Promise<void> {
    for (const one of manifests) {
      const { apiVersion, kind, metadata } = one;
      const within = metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`;
      const root = apiVersion.includes('/') ? 'apis' : 'api';
      await this.must('POST', `/${root}/${apiVersion}/${within}${pluralOf(kind)}`, one);
    }
  }

  /** A token of a ServiceAccount, as kubelet asks for one. */
  async token(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } };
    const { status } = (await this.must('POST', path, body)) as { readonly status: { readonly token: string } };
    return status.token;
  }

  /** What has been asked of it so far. */
  audited(): readonly Audited[] {
    const lines = readFileSync(join(this.#folder, 'audit.log'), 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Audited);
  }

  /** Removes what a test has left. */
  async clear(store: Store, kinds: readonly KindName[]): Promise<void> {
    for (const kind of kinds) {
      for (const { metadata } of (await store.list(kind)).items) {
        await store.delete({ kind, name: metadata.name, namespace: metadata.namespace });
      }
    }
  }

  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.etcd.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The answer to a request that has to succeed. */
  async must(method: string, path: string, body?: unknown): Promise<unknown> {
    const { status, text } = await this.ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  async ask(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    const octets = body === undefined ? undefined : formatJson(body);
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      'content-type': contentType,
      'content-length': Buffer.byteLength(octets ?? ''),
    };
    const target = { host: '127.0.0.1', port: this.#port, path, method, headers, rejectUnauthorized: false };
    const request = https.request(target);
    request.end(octets);
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode ?? 0, text };
  }

  async #until(ask: () => Promise<{ readonly status: number }>): Promise<void> {
    for (;;) {
      const { exitCode } = this.#process ?? {};
      if (exitCode !== null) throw new Error(`kube-apiserver has ended with ${exitCode}`);
      const { status } = await ask().catch(() => ({ status: 0 }));
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

interface Definition extends Manifest {
  readonly spec: { readonly group: string; readonly names: { readonly plural: string } };
}

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' } as const;

/** The documents of a manifest of `deploy/`. */
export function manifestsOf(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Manifest);
}

function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : word.endsWith('s') ? `${word}es` : `${word}s`;
}
