import { readFileSync } from 'node:fs';

/** The devices that carry the cluster's packets, by the names that Calico gives them. */
const TUNNELS = ['tunl0', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'wg-v6.cali'];

export interface DropCount {
  readonly device: string;
  readonly direction: 'receive' | 'transmit';
  readonly count: number;
}

/** Packets that a tunnel's device has dropped, or could not send, as /proc/net/dev counts them in this network namespace. */
export function tunnelDrops(text = listing()): readonly DropCount[] {
  return text.split('\n').flatMap((line): DropCount[] => {
    const [, device = '', rest = ''] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (!TUNNELS.includes(device)) return [];
    // Eight columns for each direction: bytes, packets, errors, drops …
    const counts = rest.trim().split(/\s+/).map(Number);
    const [received, sent] = [counts.slice(0, 8), counts.slice(8, 16)];
    const lost = ([, , errors = 0, drops = 0]: readonly number[]): number => errors + drops;
    return [
      { device, direction: 'receive', count: lost(received) },
      { device, direction: 'transmit', count: lost(sent) },
    ];
  });
}

function listing(): string {
  try {
    return readFileSync('/proc/self/net/dev', 'utf8');
  } catch {
    return '';
  }
}
