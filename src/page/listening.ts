import { readFileSync } from 'node:fs';
import { isLoopback, type Log, reasonOf, silentLog, VRouterError } from '../base/index.ts';
import type { TlsFiles } from '../observe/index.ts';
import { FollowedFiles } from './followed-files.ts';

/** Where a page is to be served; files are paths, empty where none is given. */
export interface PageSettings {
  readonly host: string;
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  readonly token: string;
}

/** The names of the settings for people, as in `VROUTER_PAGE_HOST` or `--host`. */
export type SettingNames = { readonly [Name in keyof PageSettings]: string };

/** Where a page is served, and to whom. */
export interface PagePlace {
  readonly host: string;
  readonly port: number;
  /** The files' present content; undefined: plain HTTP. */
  readonly tls: (() => TlsFiles) | undefined;
  /** The file's present content; undefined: whoever is on this machine may read. */
  readonly token: (() => string) | undefined;
  /** Files that have changed and are of no use. */
  readonly problems: () => readonly string[];
}

/** Characters: fewer can be guessed. */
const SHORTEST_TOKEN = 16;

/**
 * The place that the settings come to. `PAGE`: an address that others reach without a certificate or a token, or one of
 * the files is no such thing. Later, certificate, key and token are read anew when their files have changed.
 */
export async function pagePlace(given: PageSettings, names: SettingNames, log: Log = silentLog): Promise<PagePlace> {
  const { host, port, cert, key, token } = given;
  const missing = (['cert', 'key', 'token'] as const).filter((name) => given[name] === '').map((name) => names[name]);
  if (missing.length > 0 && !isLoopback(host)) {
    const others = 'others reach that address, and would read all there is to know here';
    throw new VRouterError('PAGE', `${names.host}='${host}' needs ${missing.join(' and ')}: ${others}`);
  }
  if ((cert === '') !== (key === ''))
    throw new VRouterError('PAGE', `${names.cert} and ${names.key} go together: set both or none`);
  // A page without TLS doesn't load it.
  const { createSecureContext } = cert === '' ? {} : await import('node:tls');
  const tls =
    createSecureContext && new FollowedFiles([cert, key], () => tlsFiles(given, names, createSecureContext), log);
  const secret = token === '' ? undefined : new FollowedFiles([token], () => readToken(token, names.token), log);
  return {
    host,
    port,
    tls: tls && (() => tls.current()),
    token: secret && (() => secret.current()),
    problems: () => [tls?.problem(), secret?.problem()].filter((problem) => problem !== undefined),
  };
}

function tlsFiles({ cert, key }: PageSettings, names: SettingNames, tried: (files: TlsFiles) => unknown): TlsFiles {
  const files = { cert: read(names.cert, cert), key: read(names.key, key) };
  try {
    tried(files);
  } catch (error) {
    const what = `${names.cert}='${cert}' and ${names.key}='${key}'`;
    throw new VRouterError('PAGE', `${what} are no certificate and its key, as PEM: ${reasonOf(error)}`);
  }
  return files;
}

function readToken(file: string, name: string): string {
  const token = read(name, file).trim();
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return token;
  const need = `one line of at least ${SHORTEST_TOKEN} characters, such as 'openssl rand -hex 32' prints`;
  throw new VRouterError('PAGE', `${name}='${file}' must hold ${need}`);
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new VRouterError('PAGE', `${name}='${file}' can't be read: ${reasonOf(error)}`);
  }
}
