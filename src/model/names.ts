import { createHash } from 'node:crypto';
import { parsePrefix } from '../base/index.ts';
import type { KindName } from './registry.ts';

/** As Calico's messages name an object: `IPPool(name)`, `NetworkPolicy(namespace/name)`. */
export function resourceKeyText(kind: KindName, name: string, namespace?: string): string {
  return namespace === undefined || namespace === '' ? `${kind}(${name})` : `${kind}(${namespace}/${name})`;
}

/** A CIDR as a part of an object's name: `10.0.0.0/26` is `10-0-0-0-26`. */
export function cidrName(cidr: string): string {
  return cidr.replace(/[.:/]/g, '-');
}

/** The name of the IPAMBlock of a CIDR. */
export const blockName = cidrName;

/** Kubernetes allows names of this many characters. */
const longestName = 253;

/** The name of a BlockAffinity: `<owner>-<cidr>`; a name that would be too long ends in a hash instead. */
export function affinityName(owner: string, cidr: string): string {
  const block = cidrName(cidr);
  const name = `${owner}-${block}`;
  if (name.length < longestName) return name;
  const hash = createHash('sha256').update(`${owner}+${block}`).digest('hex').slice(0, 11);
  return `${owner.slice(0, longestName - block.length - hash.length - 3)}-${block}-${hash}`;
}

/** The name of an IPAMHandle. */
export function handleName(handleID: string): string {
  return handleID.toLowerCase();
}

/** The labels by which a node's affinities are listed. */
export function affinityLabels(
  owner: string,
  type: 'host' | 'virtual',
  cidr: string,
): Readonly<Record<string, string>> {
  return { ...affinityOwnerLabels(owner, type), 'projectcalico.org/ip-version': String(parsePrefix(cidr).family) };
}

/** Those of them that all affinities of one owner share. */
export function affinityOwnerLabels(owner: string, type: 'host' | 'virtual'): Readonly<Record<string, string>> {
  return {
    'projectcalico.org/affinity-type': type,
    'projectcalico.org/hostname-hash': base32(createHash('sha3-256').update(owner).digest()),
  };
}

/** RFC 4648 §6, without padding. */
function base32(bytes: Uint8Array): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}
