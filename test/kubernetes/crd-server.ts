import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { crdManifests } from '../../deploy/crds.ts';
import type { KubernetesConfig } from '../../src/datastore/index.ts';
import { base64, EtcdServer, etcdCall, freePort } from '../datastore/etcd/server.ts';

const found = join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'crd-server');
/** The program in the folder that `build-crd-server.sh` makes; undefined where there is none. */
export const crdServer = existsSync(found) ? found : undefined;

const TOKEN = 'the-tests-own';
export const GROUP = 'crd.projectcalico.org';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** What a server said. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Cause {
  readonly field: string;
  readonly message: string;
}

/** What is wrong, a text for each thing, with the field first. */
export function causesOf({ body }: Answer): readonly string[] {
  const { causes = [] } = (body['details'] ?? {}) as { readonly causes?: readonly Cause[] };
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

/** Kubernetes' own server of custom resources (`crd-server/main.go`), on an etcd of its own. */
export class CrdServer {
  readonly url: string;
  readonly config: KubernetesConfig;
  readonly #program: string;
  readonly #folder: string;
  readonly #etcd: EtcdServer;
  #process: ChildProcess | undefined;

  private constructor(program: string, folder: string, port: number, etcd: EtcdServer) {
    this.url = `https://127.0.0.1:${port}`;
    this.config = { type: 'kubernetes', apiEndpoint: this.url, token: TOKEN, insecureSkipTLSVerify: true };
    this.#program = program;
    this.#folder = folder;
    this.#etcd = etcd;
  }

  /** Starts the program, without any definition yet. */
  static async start(program = crdServer): Promise<CrdServer> {
    if (program === undefined)
      throw new Error('no crd-server in KUBEBUILDER_ASSETS: run test/kubernetes/definitions.sh');
    const folder = mkdtempSync(join(tmpdir(), 'vrt-crd-'));
    const [etcd, port] = [await EtcdServer.start(), await freePort()];
    const server = new CrdServer(program, folder, port, etcd);
    await server.#run();
    return server;
  }

  /** Forgets what was before: its history, and as it starts again what it held of it itself. */
  async forget(): Promise<void> {
    const range = { key: base64('/'), limit: 1 };
    const { header } = await etcdCall<{ header: { revision: string } }>(this.#etcd.endpoint, '/v3/kv/range', range);
    await etcdCall(this.#etcd.endpoint, '/v3/kv/compaction', { revision: header.revision, physical: true });
    await this.#end();
    await this.#run();
    // Its memory of each kind begins with the first question.
    await this.until(`/apis/${GROUP}/v1/ippools?resourceVersion=0`);
  }

  /** Applies `deploy/crds`, and waits until every kind is served. Returns what was refused. */
  async define(): Promise<readonly string[]> {
    const refused: string[] = [];
    const served: string[] = [];
    for (const text of crdManifests().values()) {
      const definition = parse(text);
      const { status, body } = await this.ask('POST', DEFINITIONS, definition);
      if (status === 201) served.push(definition.spec.names.plural);
      else refused.push(String(body['message']));
    }
    for (const plural of served) await this.until(`/apis/${GROUP}/v1/${plural}`);
    return refused;
  }

  /** Waits until a path is there. */
  async until(path: string): Promise<void> {
    for (;;) {
      if (this.#process?.exitCode !== null) throw new Error(`the server ended with ${this.#process?.exitCode}`);
      const { status } = await this.ask('GET', path).catch(() => ({ status: 0 }));
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async ask(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type, accept: 'application/json' };
    const request = https.request(`${this.url}${path}`, { method, headers, rejectUnauthorized: false });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : { text } };
  }

  async stop(): Promise<void> {
    await this.#end();
    await this.#etcd.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const { port } = new URL(this.url);
    const words = ['--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${this.#folder}`];
    const storage = [`--etcd-servers=${this.#etcd.endpoint}`, `--token=${TOKEN}`];
    this.#process = spawn(this.#program, [...words, ...storage], { stdio: 'ignore' });
    await this.until('/readyz');
  }

  async #end(): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }
}
