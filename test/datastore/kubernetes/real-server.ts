import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { crdManifests } from '../../../deploy/crds.ts';
import type { KubernetesConfig, Store } from '../../../src/datastore/index.ts';
import type { KindName } from '../../../src/model/index.ts';
import { freePort } from '../etcd/server.ts';

const folder = process.env['KUBEBUILDER_ASSETS'];
/** The folder with `kube-apiserver` and `etcd`, by envtest's convention; undefined where there is none. */
export const assets = folder !== undefined && existsSync(join(folder, 'kube-apiserver')) ? folder : undefined;

const TOKEN = 'the-tests-own';

/** A real API server with an etcd of its own, our definitions, and the namespaces that the contract uses. */
export class RealServer {
  readonly config: KubernetesConfig;
  readonly #folder: string;
  readonly #port: number;
  readonly #processes: readonly ChildProcess[];

  private constructor(folder: string, port: number, processes: readonly ChildProcess[]) {
    this.#folder = folder;
    this.#port = port;
    this.#processes = processes;
    this.config = {
      type: 'kubernetes',
      apiEndpoint: `https://127.0.0.1:${port}`,
      token: TOKEN,
      insecureSkipTLSVerify: true,
    };
  }

  static async start(programs: string): Promise<RealServer> {
    const folder = mkdtempSync(join(tmpdir(), 'vrt-kube-'));
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
    const run = (program: string, words: readonly string[]): ChildProcess =>
      spawn(join(programs, program), words, { stdio: 'ignore' });
    const storage = `http://127.0.0.1:${client}`;
    const peers = `http://127.0.0.1:${peer}`;
    const etcd = run('etcd', [
      ...['--data-dir', join(folder, 'etcd'), '--listen-client-urls', storage, '--advertise-client-urls', storage],
      ...['--listen-peer-urls', peers, '--unsafe-no-fsync'],
    ]);
    writeFileSync(join(folder, 'tokens.csv'), `${TOKEN},admin,1,"system:masters"\n`);
    const key = join(folder, 'sa.key');
    execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' });
    const api = run('kube-apiserver', [
      ...['--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${folder}`, `--etcd-servers=${storage}`],
      ...[`--token-auth-file=${join(folder, 'tokens.csv')}`, '--authorization-mode=RBAC', '--allow-privileged=true'],
      ...['--disable-admission-plugins=ServiceAccount', '--service-cluster-ip-range=10.96.0.0/16'],
      ...['--service-account-issuer=https://127.0.0.1', `--service-account-key-file=${key}`],
      `--service-account-signing-key-file=${key}`,
    ]);
    const server = new RealServer(folder, port, [api, etcd]);
    await server.#settle();
    return server;
  }

  /** Removes what a test has left. */
  async clear(store: Store, kinds: readonly KindName[]): Promise<void> {
    for (const kind of kinds) {
      for (const { metadata } of (await store.list(kind)).items) {
        await store.delete({ kind, name: metadata.name, namespace: metadata.namespace });
      }
    }
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) {
      if (process.exitCode !== null || process.signalCode !== null) continue;
      const ended = once(process, 'exit');
      process.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #settle(): Promise<void> {
    await this.#until(() => this.#ask('GET', '/readyz'));
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    for (const text of crdManifests().values()) await this.#must('POST', definitions, parse(text));
    for (const name of ['x', 'y', 'n']) await this.#must('POST', '/api/v1/namespaces', { metadata: { name } });
    for (const { spec } of [...crdManifests().values()].map((text) => parse(text))) {
      await this.#until(() => this.#ask('GET', `/apis/${spec.group}/v1/${spec.names.plural}`));
    }
  }

  async #until(ask: () => Promise<{ readonly status: number }>): Promise<void> {
    for (;;) {
      if (this.#processes.some(({ exitCode }) => exitCode !== null))
        throw new Error('kube-apiserver or etcd has ended');
      const { status } = await ask().catch(() => ({ status: 0 }));
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #must(method: string, path: string, body: unknown): Promise<void> {
    const { status, text } = await this.#ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  }

  async #ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const target = { host: '127.0.0.1', port: this.#port, path, method, headers, rejectUnauthorized: false };
    const request = https.request(target);
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode ?? 0, text };
  }
}
