import type { PeerConfig } from './api.ts';

/** The name of a peer in events and calls: its own, or else its address. */
export function peerName({ name, address }: Pick<PeerConfig, 'name' | 'address'>): string {
  return name ?? address;
}
