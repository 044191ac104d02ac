import { type Clock, parseAddress, parseIpv4 } from '../../base/index.ts';
import type { AddressFamily, SpeakerOptions } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { peerName } from '../peer-name.ts';
import { perFamily, unicast } from '../wire/index.ts';
import { FamilyRib, type FamilySettings } from './family-rib.ts';
import { type JudgeOrigin, judgeOrigin } from './in/origin.ts';
import { Originations } from './in/originations.ts';
import { exportContext } from './out/export-context.ts';
import { AttributePool } from './pool/attribute-pool.ts';
import { NextHopSets } from './pool/next-hop-sets.ts';
import { NextHopTable } from './pool/next-hops.ts';
import { type Source, SourceTable } from './pool/source.ts';
import type { RibPeer } from './rib-peer.ts';

export interface RibOptions {
  readonly asn: number;
  readonly routerId: string;
  readonly clock: Clock;
  readonly maximumPaths?: number;
  /** Octets that an export group keeps for members that lag, before they must catch up on their own; default 4 MiB. */
  readonly window?: number;
  readonly nextHopCost?: (address: string) => number | undefined;
  readonly nextHopInterface?: (address: string) => string | undefined;
  readonly originValidity?: SpeakerOptions['originValidity'];
}

/** The tables of a speaker: the routes of each family, what they share, and the peers that bring and get them. */
export class Ribs {
  readonly pool = new AttributePool();
  readonly nextHops = new NextHopTable();
  readonly sets = new NextHopSets(this.nextHops);
  readonly local: Source;
  readonly sources: SourceTable;
  /** By AFI and SAFI, one for each row of `wire/family.ts`. */
  readonly families: Readonly<Record<AddressFamily, FamilyRib>>;
  readonly all: readonly FamilyRib[];
  readonly originations: Originations;
  readonly peers = new Map<string, RibPeer>();
  /** The interface that a next hop is reached by, by its number. */
  readonly interfaceOf: (nextHop: number) => string | undefined;

  readonly validityOf: JudgeOrigin;

  constructor(options: RibOptions) {
    const { asn, routerId, clock, maximumPaths = 16, window, nextHopCost, nextHopInterface } = options;
    this.validityOf = judgeOrigin(options.originValidity, asn);
    this.local = {
      index: 0,
      kind: 'local',
      name: 'local',
      address: parseAddress(routerId),
      routerId: parseIpv4(routerId, 'routerId'),
      peerAs: asn,
      clusterId: undefined,
    };
    this.sources = new SourceTable(this.local);
    const { pool, nextHops, sets, sources } = this;
    this.interfaceOf = (nextHop) => (nextHop === 0 ? undefined : nextHopInterface?.(nextHops.text(nextHop)));
    const settings: FamilySettings = {
      tables: {
        pool,
        nextHops,
        sources,
        tag: (pathId) => this.originations.tag(pathId),
        interfaceOf: this.interfaceOf,
        ownInterface: (family, prefix) => this.originations.interfaceOf(family, prefix),
      },
      sets,
      clock,
      maximumPaths,
      window,
      nextHopCost,
    };
    const families = perFamily((name) => new FamilyRib(name, settings));
    this.families = families;
    this.all = Object.values(families);
    const declared = { 4: families[unicast(4)].rib, 6: families[unicast(6)].rib };
    this.originations = new Originations(declared, pool, nextHops, this.local);
  }

  /** A number for what the peer brings. */
  addSource({ config }: RibPeer, negotiated: Negotiated): Source {
    return this.sources.add((index) => ({
      index,
      kind: negotiated.ibgp ? 'ibgp' : 'ebgp',
      name: peerName(config),
      address: parseAddress(config.address.split('%')[0]),
      routerId: negotiated.peerRouterId,
      peerAs: negotiated.peerAs,
      clusterId: config.routeReflector && parseIpv4(config.routeReflector.clusterId),
    }));
  }

  /** Removes all that the peer brought; the number is free again when nothing bears it any more. */
  dropSource(peer: RibPeer): void {
    const { source } = peer;
    if (source === undefined) return;
    peer.cancelTimers();
    peer.source = undefined;
    let left = this.all.length;
    for (const { rib } of this.all) {
      rib.sweep(source, undefined, () => {
        if (--left === 0) this.sources.remove(source);
      });
    }
  }

  /** Puts the peer into the export group of each family, unless it is in the right one. */
  enrol({ config, negotiated, handle, source, members }: RibPeer): void {
    for (const routes of this.all) {
      const { name } = routes;
      if (!negotiated!.families.includes(name)) continue;
      const context = exportContext(name, config, negotiated!);
      members.set(name, routes.enrol(context, source!.index, handle!, members.get(name)));
    }
  }

  /** Takes the peer out of its export groups. */
  expel({ members }: RibPeer): void {
    for (const [name, member] of members) this.families[name].expel(member);
    members.clear();
  }
}
