import { readFileSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node';

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];
type TokenUser = Parameters<Authenticator['isAuthProvider']>[0];

/**
 * A service account's token from its file, read for each request: kubelet replaces it there, and the official client, which
 * looks once a minute, would go on with one that is no longer taken. While the file can't be read the last one stands.
 */
export class TokenFile implements Authenticator {
  #token = '';

  isAuthProvider(user: TokenUser): boolean {
    return pathOf(user) !== undefined;
  }

  async applyAuthentication(
    user: TokenUser,
    options: Parameters<Authenticator['applyAuthentication']>[1],
  ): Promise<void> {
    try {
      this.#token = readFileSync(pathOf(user) ?? '', 'utf8').trim();
    } catch (error) {
      if (this.#token === '') throw error;
    }
    options.headers = { ...options.headers, Authorization: `Bearer ${this.#token}` };
  }
}

function pathOf({ authProvider }: TokenUser): string | undefined {
  return (authProvider as { readonly config?: { readonly tokenFile?: string } } | undefined)?.config?.tokenFile;
}
