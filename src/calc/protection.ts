import type { Entries } from '../base/index.ts';
import type { BGPConfiguration, BGPPeer } from '../model/index.ts';

/** The contents of a Secret, by key. */
export type SecretContent = Readonly<Record<string, string>>;

/** The protection of a session, or why it would lack that. */
export interface Protection {
  readonly secret?: string;
  readonly password?: string;
  readonly lacking?: string;
}

/** Linux takes no longer ones (`TCP_MD5SIG_MAXKEYLEN`). */
const LONGEST_PASSWORD = 80;
const UNPROTECTED = 'and without it the session would be unprotected';

/** The protection of the sessions that an object asks for with a password. */
export function protectionOf(
  { unread = [] }: BGPPeer | BGPConfiguration,
  wanted: BGPPeer['spec']['password'],
  secrets: Entries<SecretContent>,
): Protection {
  if (unread.length > 0) return { lacking: `${unread.join(', ')} can't be understood, ${UNPROTECTED}` };
  if (!wanted) return {};
  if (!wanted.secretKeyRef) return { lacking: `its password is in no Secret, ${UNPROTECTED}` };
  const { name: secret, key } = wanted.secretKeyRef;
  const data = secrets.get(secret);
  const password = data && Object.hasOwn(data, key) ? data[key] : undefined;
  if (data === undefined)
    return { secret, lacking: `its password is in Secret ${secret}, which is not there, ${UNPROTECTED}` };
  if (password === undefined)
    return { secret, lacking: `its password is in Secret ${secret}, which has no key ${key}, ${UNPROTECTED}` };
  const size = Buffer.byteLength(password);
  if (size >= 1 && size <= LONGEST_PASSWORD) return { secret, password };
  return { secret, lacking: `its password, ${key} of Secret ${secret}, must have 1 to 80 octets, ${UNPROTECTED}` };
}
