import type { IPPool } from '../model/index.ts';
import type { Encapsulation } from './desired/index.ts';

/**
 * The encapsulation that a pool's modes come to; decided here for all. IPIP carries IPv4 alone, and VXLAN goes before
 * it.
 */
export function encapsulationOf({
  cidr,
  ipipMode = 'Never',
  vxlanMode = 'Never',
}: Pick<IPPool['spec'], 'cidr' | 'ipipMode' | 'vxlanMode'>): Encapsulation {
  if (vxlanMode !== 'Never') return vxlanMode === 'Always' ? 'vxlan' : 'vxlan-cross-subnet';
  if (ipipMode === 'Never' || cidr.includes(':')) return 'none';
  return ipipMode === 'Always' ? 'ipip' : 'ipip-cross-subnet';
}

export function isVxlan(encapsulation: Encapsulation): boolean {
  return encapsulation.startsWith('vxlan');
}

export function isIpip(encapsulation: Encapsulation): boolean {
  return encapsulation.startsWith('ipip');
}
