import type { PeerConfig } from './api.ts';

/** What a peer is known by, in events and calls: its name, or else its address. */
export function peerName({ name, address }: Pick<PeerConfig, 'name' | 'address'>): string {
  return name ?? address;
}
