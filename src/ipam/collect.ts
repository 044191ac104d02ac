import { type Clock, type Log, parseAddress, parsePrefix, silentLog, systemClock } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import { handleName, type IPAMBlock, type IPAMHandle } from '../model/index.ts';
import { hostOf, isHostAffinity } from './affinity.ts';
import type { Ipam } from './allocator.ts';
import { isCooling } from './attributes.ts';
import { isEmpty } from './block.ts';
import { isReadable } from './block-check.ts';
import { isIpamError } from './errors.ts';
import { repairHandles } from './handle-repair.ts';
import { type Allocation, allocationsByOwner, Census } from './liveness.ts';
import { type Place, Round } from './round.ts';

export interface CollectorOptions {
  readonly store: Store;
  readonly ipam: Ipam;
  readonly clock?: Clock;
  readonly log?: Log;
  /**
   * How long something must look dead before it goes, in milliseconds; 15 minutes when absent, 0: nothing ever goes.
   */
  readonly grace?: number;
}

/** The outcome of one sweep. */
export interface Sweep {
  readonly released: readonly string[];
  /** Blocks given up because they were empty for long. */
  readonly blocks: readonly string[];
  /** Nodes that are gone and whose blocks have been given up. */
  readonly nodes: readonly string[];
  /** Handles removed because they had no address. */
  readonly handles: readonly string[];
  /** Owners that look dead and whose time has not come yet. */
  readonly suspects: number;
  /** Addresses that look dead and whose time has not come yet. */
  readonly candidates: readonly Place[];
  /** `released` once more, with their nodes. */
  readonly reclaimed: readonly Place[];
}

export const DEFAULT_GRACE = 15 * 60_000;

const NOTHING: Sweep = {
  released: [],
  blocks: [],
  nodes: [],
  handles: [],
  suspects: 0,
  candidates: [],
  reclaimed: [],
};

/**
 * Takes back what nobody uses any more: addresses whose pod is gone, owner by owner; the blocks of nodes that are
 * gone; blocks that stay empty, but never a node's last one of a family; handles without an address, and puts those right
 * that count wrongly or are missing. Nothing goes
 * that hasn't looked dead for the whole of the grace, except what was on a node that is gone. One collector per
 * cluster does it; several do no harm.
 */
export class Collector {
  readonly #store: Store;
  readonly #ipam: Ipam;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #grace: number;
  /** Since when each suspect has looked the way it does; the text changes when it does. */
  #suspects = new Map<string, number>();

  constructor({ store, ipam, clock = systemClock, log = silentLog, grace = DEFAULT_GRACE }: CollectorOptions) {
    this.#store = store;
    this.#ipam = ipam;
    this.#clock = clock;
    this.#log = log;
    this.#grace = grace;
  }

  /** Looks once at everything. Call it every half of the grace, which may change from one sweep to the next. */
  async sweep(grace = this.#grace): Promise<Sweep> {
    if (grace === 0) return NOTHING;
    // Handles first: one that is counted up for an address which we then find in its block is no suspect.
    const handles = (await this.#store.list('IPAMHandle')).items;
    const blocks = (await this.#store.list('IPAMBlock')).items.filter(({ spec }) => isReadable(spec));
    const owners = allocationsByOwner(blocks);
    const census = await this.#census();
    const round = new Round(this.#suspects, this.#clock.now(), grace);
    const reclaimed = await this.#releaseDead(owners, census, round);
    const released = reclaimed.map(({ address }) => address);
    const nodes = await this.#leaveNodes(owners, census, new Set(released));
    for (const block of blocks) if (block.spec.attributes.some(isCooling)) await this.#ipam.thaw(block);
    const given = await this.#leaveEmpty(blocks, census, round);
    const removed = await this.#repairHandles(handles, owners, new Set(released), round);
    this.#suspects = round.seen;
    const candidates = round.waiting.filter(({ address }) => !released.includes(address));
    return {
      released,
      blocks: given,
      nodes,
      handles: removed,
      suspects: round.seen.size,
      candidates,
      reclaimed,
    };
  }

  async #census(): Promise<Census> {
    const nodes = (await this.#store.list('Node')).items.map(({ metadata }) => metadata.name);
    return new Census(nodes, (await this.#store.list('WorkloadEndpoint')).items);
  }

  async #releaseDead(
    owners: ReadonlyMap<string, readonly Allocation[]>,
    census: Census,
    round: Round,
  ): Promise<readonly Place[]> {
    const due: (readonly [owner: string, allocations: readonly Allocation[]])[] = [];
    for (const [owner, allocations] of owners) {
      const verdict = census.verdict(allocations);
      if (verdict === 'live' || verdict === 'unknown') continue;
      round.waiting.push(...allocations.map(placeOf));
      const sequences = allocations.map(({ sequenceNumber }) => String(sequenceNumber)).join();
      if (verdict === 'orphaned' || round.isDue(`owner ${owner} ${sequences}`)) due.push([owner, allocations]);
    }
    if (due.length === 0) return [];
    // Much may have happened since the first look: nobody loses an address without a second one.
    const now = await this.#census();
    const released: Place[] = [];
    for (const [owner, allocations] of due) {
      const verdict = now.verdict(allocations);
      if (verdict === 'dead' || verdict === 'orphaned') released.push(...(await this.#release(owner, allocations)));
    }
    return released;
  }

  async #release(owner: string, allocations: readonly Allocation[]): Promise<readonly Place[]> {
    const requests = allocations.map(({ address, owner: { handle_id: handleId }, sequenceNumber }) => ({
      address: parseAddress(address),
      handleId,
      sequenceNumber,
    }));
    try {
      await this.#ipam.releaseIps(requests);
    } catch (error) {
      if (!isIpamError(error, 'BAD_HANDLE') && !isIpamError(error, 'BAD_SEQUENCE')) throw error;
      // Given out anew since we looked.
      return [];
    }
    const addresses = allocations.map(({ address }) => address);
    this.#log.info({ owner, addresses }, 'released addresses that nobody uses');
    return allocations.map(placeOf);
  }

  /** A node that is gone loses its blocks once nothing is left of its own; what others borrowed stays theirs. */
  async #leaveNodes(
    owners: ReadonlyMap<string, readonly Allocation[]>,
    census: Census,
    released: ReadonlySet<string>,
  ): Promise<readonly string[]> {
    const affinities = (await this.#store.list('BlockAffinity')).items;
    const hosts = affinities.filter(isHostAffinity).map(({ spec }) => spec.node);
    const gone = new Set(hosts.filter((node) => !census.hasNode(node)));
    for (const allocation of [...owners.values()].flat()) {
      if (!released.has(allocation.address)) gone.delete(allocation.owner.secondary?.['node'] ?? '');
    }
    for (const node of gone) {
      await this.#ipam.removeHost(node);
      this.#log.info({ node }, 'gave up the blocks of a node that is gone');
    }
    return [...gone];
  }

  async #leaveEmpty(blocks: readonly IPAMBlock[], census: Census, round: Round): Promise<readonly string[]> {
    const given: string[] = [];
    const byNode = Map.groupBy(blocks, ({ spec }) => `${hostOf(spec.affinity) ?? ''} ${spec.cidr.includes(':')}`);
    for (const own of byNode.values()) {
      const node = hostOf(own[0].spec.affinity);
      if (node === undefined || !census.hasNode(node)) continue;
      const due = own.filter(
        ({ spec }) => isEmpty(spec) && round.isDue(`block ${spec.cidr} ${spec.affinity} ${spec.sequenceNumber}`),
      );
      for (const { spec } of due.slice(0, own.length - 1)) {
        try {
          await this.#ipam.releaseAffinity(parsePrefix(spec.cidr), node, true);
          given.push(spec.cidr);
        } catch (error) {
          if (!isIpamError(error, 'BLOCK_NOT_EMPTY')) throw error;
        }
      }
    }
    return given;
  }

  /** Those that have just lost addresses are another sweep's. */
  async #repairHandles(
    handles: readonly IPAMHandle[],
    owners: ReadonlyMap<string, readonly Allocation[]>,
    released: ReadonlySet<string>,
    round: Round,
  ): Promise<readonly string[]> {
    const isBusy = (held: readonly Allocation[]): boolean => held.some(({ address }) => released.has(address));
    const busy = new Set([...owners].filter(([, held]) => isBusy(held)).map(([owner]) => handleName(owner)));
    const judged = handles.filter(({ metadata }) => !busy.has(metadata.name));
    const settled = [...owners.values()].filter((held) => !isBusy(held)).flat();
    return repairHandles(this.#store, this.#log, judged, settled, round);
  }
}

function placeOf({ address, owner }: Allocation): Place {
  return { address, node: owner.secondary?.['node'] };
}
