import { readFileSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node';

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];
type TokenUser = Parameters<Authenticator['isAuthProvider']>[0];

/**
 * A service account's token from its file, read for each request: kubelet replaces it there, and the official client, which
 * looks once a minute, would go on with one that is no longer taken. While the file can't be read the last one stands.
 */
class TokenFile implements Authenticator {
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

/** Has the users that are known by such a file known by this reader: the client asks its own first. */
export function readTokenFiles(config: KubeConfig): void {
  config.addAuthenticator(new TokenFile());
  config.users = config.users.map((user) => {
    const { tokenFile } = (user.authProvider as { config?: { tokenFile?: string } } | undefined)?.config ?? {};
    return tokenFile === undefined
      ? user
      : { ...user, authProvider: { name: 'tokenFile', config: { path: tokenFile } } };
  });
}

function pathOf({ authProvider }: TokenUser): string | undefined {
  const { name, config } = (authProvider ?? {}) as {
    readonly name?: string;
    readonly config?: { readonly path?: string };
  };
  return name === 'tokenFile' ? config?.path : undefined;
}
