import type { NodeReport, ReportedPeer } from './report.ts';

/** One word for a part of the node. `off`: nobody wants it here. */
export type Health = 'ok' | 'degraded' | 'down' | 'off';

export interface ComponentHealth {
  readonly name: string;
  readonly health: Health;
  /** Its figures, in words. */
  readonly detail: string;
}

/** How each part of the node is doing, in one word with its figures. */
export function componentHealth(report: NodeReport): ComponentHealth[] {
  return [datastore(report), bgp(report), routes(report), pods(report), blocks(report), policy(report)];
}

/** The node as a whole: `down` where it serves no pods. */
export function nodeHealth({ ready, serving = ready, problems }: NodeReport): Exclude<Health, 'off'> {
  if (!ready && !serving) return 'down';
  return ready && problems.length === 0 ? 'ok' : 'degraded';
}

function datastore({ datastore: { type, inSync, lastEventAgeSeconds } }: NodeReport): ComponentHealth {
  const age = `last word ${Math.round(lastEventAgeSeconds)} s ago`;
  return {
    name: 'datastore',
    health: inSync ? 'ok' : 'down',
    detail: `${type}, ${inSync ? '' : 'not '}in sync, ${age}`,
  };
}

function bgp({ bgp: own }: NodeReport): ComponentHealth {
  if (own === undefined) return { name: 'bgp', health: 'off', detail: 'no BGP on this node' };
  const up = own.peers.filter(({ session }) => session === 'Established').length;
  const sum = (count: (peer: ReportedPeer) => number): number => own.peers.reduce((all, peer) => all + count(peer), 0);
  const accepted = sum((peer) => peer.accepted);
  const figures = `${many(accepted, 'route')} accepted, ${sum(({ advertised }) => advertised)} advertised`;
  const health = up === own.peers.length ? 'ok' : up === 0 ? 'down' : 'degraded';
  return { name: 'bgp', health, detail: `AS ${own.asn}, ${up} of ${own.peers.length} sessions up, ${figures}` };
}

function routes({ routes: { desired, programmed, failed } }: NodeReport): ComponentHealth {
  const refused = failed > 0 ? `, ${failed} refused` : '';
  const health = failed === 0 ? 'ok' : programmed === 0 ? 'down' : 'degraded';
  return { name: 'routes', health, detail: `${programmed} of ${desired} in the kernel${refused}` };
}

function pods({ endpoints, serving, ready }: NodeReport): ComponentHealth {
  const { desired = 0, missing = 0, strange = 0 } = endpoints ?? {};
  const astray = [
    ...(missing > 0 ? [`${missing} without an interface`] : []),
    ...(strange > 0 ? [`${strange} interfaces of nobody`] : []),
  ];
  const health = (serving ?? ready) ? (astray.length > 0 ? 'degraded' : 'ok') : 'down';
  return { name: 'pods', health, detail: [`${desired} here`, ...astray].join(', ') };
}

function blocks({ blocks: all }: NodeReport): ComponentHealth {
  const [inUse, size] = [
    all.reduce((sum, block) => sum + block.inUse, 0),
    all.reduce((sum, block) => sum + block.size, 0),
  ];
  return { name: 'blocks', health: 'ok', detail: `${all.length}, ${inUse} of ${size} addresses in use` };
}

function policy({ policy: own }: NodeReport): ComponentHealth {
  if (own === undefined) return { name: 'policy', health: 'off', detail: 'no policy is enforced here' };
  const { policies, endpoints, refused } = own;
  const held = `${many(policies, 'policy', 'policies')} for ${many(endpoints, 'endpoint')}`;
  const figures = `${held}${refused > 0 ? `, ${many(refused, 'part')} refused` : ''}`;
  return { name: 'policy', health: refused > 0 ? 'degraded' : 'ok', detail: figures };
}

function many(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
