import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../../src/lab/command.ts';

/** A user of the API server with the groups that RBAC's own bindings name. */
interface Account {
  readonly user: string;
  readonly groups: readonly string[];
  readonly token: string;
}

/**
 * Whom the API server of a test cluster knows, by tokens (`--token-auth-file`), and the certificate that it shows. One
 * certificate is its own authority: no other is signed.
 */
export class Credentials {
  readonly #directory: string;
  readonly #server: string;
  readonly #accounts: readonly Account[];

  private constructor(directory: string, server: string, accounts: readonly Account[]) {
    this.#directory = directory;
    this.#server = server;
    this.#accounts = accounts;
  }

  /** `server` is the URL of the API server, `addresses` are what it is reached by. */
  static async make(
    directory: string,
    server: string,
    addresses: readonly string[],
    nodes: readonly string[],
  ): Promise<Credentials> {
    const account = (user: string, ...groups: readonly string[]): Account => ({
      ...{ user, groups },
      token: randomBytes(16).toString('hex'),
    });
    const accounts = [
      account('admin', 'system:masters'),
      account('system:kube-controller-manager'),
      account('system:kube-scheduler'),
      account('system:kube-proxy'),
      ...nodes.map((node) => account(`system:node:${node}`, 'system:nodes')),
    ];
    const credentials = new Credentials(directory, server, accounts);
    const lines = accounts.map(({ token, user, groups }, at) => `${token},${user},${at},"${groups.join(',')}"\n`);
    writeFileSync(credentials.tokens, lines.join(''));
    // The key signs the tokens of service accounts too, for which this server reads no other kind in this form.
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', credentials.key];
    const names = addresses.map((address) => `IP:${address}`).join(',');
    const shown = ['-subj', '/CN=kubernetes', '-addext', `subjectAltName=DNS:kubernetes.default.svc,${names}`];
    await mustRun(['openssl', 'req', '-x509', ...key, '-days', '2', ...shown, '-out', credentials.certificate]);
    return credentials;
  }

  get tokens(): string {
    return join(this.#directory, 'tokens.csv');
  }

  get key(): string {
    return join(this.#directory, 'server.key');
  }

  get certificate(): string {
    return join(this.#directory, 'server.crt');
  }

  /** Writes a kubeconfig for the user and gives its path. */
  kubeconfig(user: string): string {
    const token = this.#accounts.find((account) => account.user === user)?.token;
    if (token === undefined) throw new Error(`no account '${user}'`);
    const authority = readFileSync(this.certificate).toString('base64');
    const path = join(this.#directory, `${user.replaceAll(':', '-')}.kubeconfig`);
    writeFileSync(
      path,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'test', cluster: { server: this.#server, 'certificate-authority-data': authority } }],
        users: [{ name: user, user: { token } }],
        contexts: [{ name: 'test', context: { cluster: 'test', user } }],
        'current-context': 'test',
      }),
    );
    return path;
  }
}
