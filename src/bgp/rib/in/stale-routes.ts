import type { Clock } from '../../../base/index.ts';
import type { FamilyRib } from '../family-rib.ts';
import type { AttributePool } from '../pool/attribute-pool.ts';
import { pathFlag } from '../pool/path-pool.ts';
import type { RibPeer } from '../rib-peer.ts';

/** How long routes may stay without their peer, in seconds: the first part as they are, the rest as long-lived stale. */
export interface Patience {
  readonly restartTime: number;
  readonly total: number;
}

/**
 * Keeps the routes of a peer that went away and may return (RFC 4724 §4.2): stale at first, then long-lived stale
 * (RFC 9494), gone at last. Its return ends the waiting. `changed` is called when there is something to decide.
 */
export function keepStale(
  peer: RibPeer,
  { name, rib }: FamilyRib,
  pool: AttributePool,
  clock: Clock,
  { restartTime, total }: Patience,
  changed: () => void,
): void {
  const source = peer.source!;
  rib.mark(source, pathFlag.stale);
  peer.keeping.add(name);
  const remove = (): void => {
    rib.sweep(source, pathFlag.stale);
    peer.keeping.delete(name);
    changed();
  };
  const longLive = (): void => {
    peer.makeLongLived(rib, pool);
    peer.cancelOnChange(clock.after((total - restartTime) * 1000, remove));
    changed();
  };
  peer.cancelOnChange(clock.after(restartTime * 1000, total > restartTime ? longLive : remove));
}
