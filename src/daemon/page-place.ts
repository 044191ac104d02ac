import { readFileSync } from 'node:fs';
import { isLoopback, reasonOf, VRouterError } from '../base/index.ts';
import type { TlsFiles } from '../observe/index.ts';
import type { DaemonConfig } from './config.ts';
import type { ListenPlace } from './start-failure.ts';

/** Where the page is served beside the health page, and to whom. */
export interface PagePlace {
  readonly place: ListenPlace;
  readonly tls: TlsFiles | undefined;
  readonly token: string | undefined;
}

/** Characters: fewer can be guessed. */
const SHORTEST_TOKEN = 16;

type PageConfig = Pick<
  DaemonConfig,
  | 'VROUTER_PAGE_HOST'
  | 'VROUTER_PAGE_PORT'
  | 'VROUTER_PAGE_TLS_CERT'
  | 'VROUTER_PAGE_TLS_KEY'
  | 'VROUTER_PAGE_TOKEN_FILE'
>;

/**
 * What the settings say; undefined where the page has no place of its own. `PAGE`: an address that others reach without a
 * certificate or a token, or one of the files is no such thing. Certificate, key and token are read once, at the start.
 */
export async function pagePlace(config: PageConfig): Promise<PagePlace | undefined> {
  const { VROUTER_PAGE_HOST: host, VROUTER_PAGE_PORT: port } = config;
  if (host === '') return undefined;
  const missing = (['VROUTER_PAGE_TLS_CERT', 'VROUTER_PAGE_TLS_KEY', 'VROUTER_PAGE_TOKEN_FILE'] as const).filter(
    (name) => config[name] === '',
  );
  if (missing.length > 0 && !isLoopback(host)) {
    const others = 'others reach that address, and would read all there is to know of this node';
    throw new VRouterError('PAGE', `VROUTER_PAGE_HOST='${host}' needs ${missing.join(' and ')}: ${others}`);
  }
  const { VROUTER_PAGE_TLS_CERT: cert, VROUTER_PAGE_TLS_KEY: key, VROUTER_PAGE_TOKEN_FILE: token } = config;
  if ((cert === '') !== (key === ''))
    throw new VRouterError('PAGE', 'VROUTER_PAGE_TLS_CERT and VROUTER_PAGE_TLS_KEY go together: set both or none');
  return {
    place: { host, port, hostSetting: 'VROUTER_PAGE_HOST', portSetting: 'VROUTER_PAGE_PORT' },
    tls: cert === '' ? undefined : await tlsFiles(cert, key),
    token: token === '' ? undefined : readToken(token),
  };
}

async function tlsFiles(certFile: string, keyFile: string): Promise<TlsFiles> {
  const files = { cert: read('VROUTER_PAGE_TLS_CERT', certFile), key: read('VROUTER_PAGE_TLS_KEY', keyFile) };
  try {
    (await import('node:tls')).createSecureContext(files);
  } catch (error) {
    const what = `VROUTER_PAGE_TLS_CERT='${certFile}' and VROUTER_PAGE_TLS_KEY='${keyFile}'`;
    throw new VRouterError('PAGE', `${what} are no certificate and its key, as PEM: ${reasonOf(error)}`);
  }
  return files;
}

function readToken(file: string): string {
  const token = read('VROUTER_PAGE_TOKEN_FILE', file).trim();
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return token;
  const need = `one line of at least ${SHORTEST_TOKEN} characters, such as 'openssl rand -hex 32' prints`;
  throw new VRouterError('PAGE', `VROUTER_PAGE_TOKEN_FILE='${file}' must hold ${need}`);
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new VRouterError('PAGE', `${setting}='${file}' can't be read: ${reasonOf(error)}`);
  }
}
