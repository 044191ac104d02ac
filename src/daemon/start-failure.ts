import { reasonOf } from '../base/index.ts';
import { portHolder } from './port-holder.ts';

/** The next step by the error's code, for errors that don't name one themselves. */
const NEXT_STEP: Readonly<Record<string, string>> = {
  UNAUTHORIZED:
    'check the certificate, token or password that is set for the datastore, and the rights that go with it',
  VALIDATION: 'mend what is stored with calicoctl, or the setting that it comes from',
  EPERM: 'the daemon needs CAP_NET_ADMIN: run it as root, or give it this capability',
  EACCES: 'run the daemon as root, or give root access to it',
  EROFS: 'it must be writable: mount it so, or name another place',
  ENOSPC: 'free some space',
  ENOENT: 'make it, or name another place',
  ENOTDIR: 'name another place',
  EISDIR: 'name another place',
  EAFNOSUPPORT: 'the daemon needs a Linux kernel with netlink',
  EPROTONOSUPPORT: 'the daemon needs a Linux kernel with netlink',
};

/** Why the daemon can't start, or not yet, and what to do next: one sentence. */
export function startFailure(error: unknown): string {
  const step = NEXT_STEP[codeOf(error)];
  return step === undefined ? reasonOf(error) : `${reasonOf(error)}; ${step}`;
}

/** A place to listen at, and the settings that it comes from. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  readonly hostSetting: string;
  readonly portSetting: string;
}

/** Why nobody can be listened to there, and what to do next. */
export function listenFailure(
  error: unknown,
  { host, port, hostSetting, portSetting }: ListenPlace,
  holderOf: (port: number) => string | undefined = portHolder,
): string {
  const where = `${host} port ${port}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const holder = holderOf(port) ?? `another process (see: ss -ltnp 'sport = :${port}')`;
      return `${where} is taken by ${holder}: end it, or set ${portSetting} to another port`;
    }
    case 'EACCES':
      return `${where} is not for everybody: the daemon needs CAP_NET_BIND_SERVICE, or a port above 1023 (${portSetting})`;
    case 'EADDRNOTAVAIL':
      return `${where}: no interface of this host has that address; set ${hostSetting} to one that is there`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return `${where}: '${host}' can't be looked up; write it into /etc/hosts, or set ${hostSetting} to an address`;
    default:
      return `${where}: ${reasonOf(error)}; see ${hostSetting} and ${portSetting}`;
  }
}

/** Why the BGP port can't be had. The system's error, which is the cause, knows where. */
export function bgpListenFailure(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error && 'port' in cause && 'address' in cause)) return reasonOf(error);
  return listenFailure(cause, {
    host: String(cause.address),
    port: Number(cause.port),
    hostSetting: 'bindMode in BGPConfiguration',
    portSetting: 'listenPort in BGPConfiguration',
  });
}

/** The code of the error, or of what it was caused by. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && (at.code in NEXT_STEP || at.cause === undefined)) return at.code;
  }
  return '';
}
