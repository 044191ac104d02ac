import type { WalkedPacket } from '../../nftables/index.ts';
import type { HostPacket } from '../../policy/index.ts';

/** The base chains that a packet of each path comes by, with the packet as it is there. `podAt` is the pod's interface. */
export function hooksOf(
  packet: HostPacket,
  podAt: (address: HostPacket['source']) => string,
): readonly (readonly [chain: string, at: WalkedPacket])[] {
  const { interfaceName, before, path } = packet;
  const at = (iifname: string, oifname: string): WalkedPacket => {
    return { ...packet, iifname, oifname, state: packet.state ?? 'new', isTranslated: before !== undefined };
  };
  switch (path) {
    case 'in':
    case 'pod-to-host': {
      const link = path === 'in' ? interfaceName : podAt(packet.source);
      const early = { ...at(link, ''), ...before };
      return [
        ['untracked-in', early],
        ['before-dnat', early],
        ['input', at(link, '')],
      ];
    }
    case 'out':
    case 'host-to-pod': {
      const link = path === 'out' ? interfaceName : podAt(packet.destination);
      return [
        ['untracked-out', { ...at('', link), ...before }],
        ['output', at('', link)],
        ['translated-out', at('', link)],
      ];
    }
    case 'forward-in': {
      const early = { ...at(interfaceName, ''), ...before };
      return [
        ['untracked-in', early],
        ['before-dnat', early],
        ['forward', at(interfaceName, podAt(packet.destination))],
        ['translated-out', at(interfaceName, podAt(packet.destination))],
      ];
    }
    case 'forward-out':
      return [
        ['forward', at(podAt(packet.source), interfaceName)],
        ['translated-out', at(podAt(packet.source), interfaceName)],
      ];
  }
}
