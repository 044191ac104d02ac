import type { StatusAnswer } from '../../src/control/index.ts';

/** What a daemon would say of itself. */
export function status(
  nodename: string,
  blocks: readonly string[],
  peers: Readonly<Record<string, string>>,
): StatusAnswer {
  return {
    nodename,
    version: '0.1.0',
    pid: 1,
    startedAt: 0,
    ready: true,
    problems: [],
    datastore: { type: 'sqlite', inSync: true, lastEventAgeSeconds: 0 },
    bgp: {
      asn: 64512,
      routerId: '172.18.0.11',
      peers: Object.entries(peers).map(([address, info]) => ({
        address,
        family: 4,
        type: 'node-to-node mesh',
        state: info.startsWith('Established') ? 'up' : 'start',
        since: 0,
        info,
        remoteAs: 64512,
        received: 1,
        accepted: 1,
        advertised: 1,
      })),
    },
    blocks: blocks.map((cidr) => ({ cidr, state: 'confirmed', inUse: 2, size: 64 })),
    routes: { desired: 1, programmed: 1, failed: 0 },
  };
}
