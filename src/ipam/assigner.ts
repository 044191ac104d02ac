import {
  containsPrefix,
  type Family,
  formatAddress,
  formatPrefix,
  type InterfaceAddress,
  type Prefix,
  parsePrefix,
} from '../base/index.ts';
import type { EffectiveIPAMConfiguration, IPAMBlock } from '../model/index.ts';
import { hostAffinity } from './affinity.ts';
import { addressAt, allocate } from './block.ts';
import { BlockFinder, freeCount } from './block-finder.ts';
import { IpamError, isIpamError } from './errors.ts';
import type { Facts } from './facts.ts';
import { ledgerEntry } from './ledger.ts';
import { attributeFor, type IpamParts, type Owner } from './parts.ts';
import { choosePools, type Labels, type Pool, type PoolUse, poolOf, selectsNode } from './pools.ts';
import type { Releaser } from './releaser.ts';
import type { Reservations } from './reservations.ts';

/** Blocks that a node may have of each family when nothing else is configured. */
export const DEFAULT_MAX_BLOCKS = 20;

export interface FamilyRequest extends Owner {
  readonly family: Family;
  readonly count: number;
  readonly use: PoolUse;
  /** Names or CIDRs of the pools to take from; absent or empty: all that select the node and the namespace. */
  readonly pools?: readonly string[] | undefined;
  readonly namespaceLabels?: Labels | undefined;
  /** A limit of this request, beside the cluster's; 0 or absent: none. */
  readonly maxBlocksPerHost?: number | undefined;
}

/** What came of a request for one family. Fewer addresses than asked for is no error: `shortfall` says why. */
export interface Assignment {
  readonly family: Family;
  readonly requested: number;
  /** With the prefix length of their block. */
  readonly addresses: readonly InterfaceAddress[];
  readonly shortfall?: string | undefined;
}

/** What one request carries from step to step. */
interface Errand {
  readonly request: FamilyRequest;
  readonly pools: readonly Pool[];
  readonly reservations: Reservations;
  readonly settings: EffectiveIPAMConfiguration;
  readonly mine: string;
  readonly got: InterfaceAddress[];
  /** A pool that no longer selects the node. */
  readonly left: (cidr: string) => boolean;
}

/** Gives addresses out, in Calico's order: from the node's blocks, from a new block, from another node's block. */
export class Assigner {
  readonly #parts: IpamParts;
  readonly #releaser: Releaser;
  readonly #finder: BlockFinder;
  /** By node: the blocks that we know to be its own. They are tried first, without asking. */
  readonly #warm = new Map<string, Set<string>>();

  constructor(parts: IpamParts, releaser: Releaser) {
    this.#parts = parts;
    this.#releaser = releaser;
    this.#finder = new BlockFinder(parts);
  }

  async autoAssign(request: FamilyRequest): Promise<Assignment> {
    const errand = await this.#prepare(request);
    const shortfall = await this.#fill(errand);
    return { family: request.family, requested: request.count, addresses: errand.got, shortfall };
  }

  /** The node's blocks with room for `count` addresses together; claims what is lacking. `BLOCK_LIMIT` as above. */
  async ensureBlock(request: FamilyRequest): Promise<readonly Prefix[]> {
    const errand = await this.#prepare(request);
    const found: Prefix[] = [];
    let room = 0;
    const owned = await this.#eachAffine(errand, async (block) => {
      room += freeCount(block.spec, errand.reservations);
      found.push(parsePrefix(block.spec.cidr));
      return room < request.count;
    });
    for (let count = owned; room < request.count && errand.settings.autoAllocateBlocks; count++) {
      const block = await this.#claimOne(errand, count);
      if (block === undefined) break;
      room += freeCount(block.spec, errand.reservations);
      found.push(parsePrefix(block.spec.cidr));
    }
    return found;
  }

  /** What we know may be a moment old: before a pool is found wanting, the store is asked. */
  async #prepare(request: FamilyRequest): Promise<Errand> {
    const { facts } = this.#parts;
    try {
      return await this.#errand(request, facts);
    } catch (error) {
      if (facts.fresh === facts || !(error instanceof IpamError)) throw error;
      return this.#errand(request, facts.fresh);
    }
  }

  async #errand(request: FamilyRequest, facts: Facts): Promise<Errand> {
    const { hostname, family, use, pools: requested, namespaceLabels = {} } = request;
    const [all, reservations, settings, nodeLabels] = await Promise.all([
      facts.pools(),
      facts.reservations(),
      facts.settings(),
      facts.nodeLabels(hostname),
    ]);
    const pools = choosePools(all, { family, hostname, nodeLabels, namespaceLabels, use, requested });
    const left = (cidr: string): boolean => {
      const pool = poolOf(all, parsePrefix(cidr));
      return pool !== undefined && !selectsNode(pool, nodeLabels);
    };
    return { request, pools, reservations, settings, mine: hostAffinity(hostname), got: [], left };
  }

  /** Works down the sources until there is enough; the answer says why there isn't. */
  async #fill(errand: Errand): Promise<string | undefined> {
    await this.#fromWarm(errand);
    if (missing(errand) > 0) await this.#fromNewBlocks(errand, await this.#fromAffine(errand));
    if (missing(errand) === 0) return undefined;
    const messages: string[] = [];
    if (errand.settings.strictAffinity) messages.push('No more free affine blocks and strict affinity enabled');
    else await this.#borrow(errand);
    if (missing(errand) === 0) return undefined;
    messages.push(`No IPs available in pools: [${errand.pools.map(({ cidr }) => formatPrefix(cidr)).join(' ')}]`);
    return shortfallText(errand, messages);
  }

  async #fromWarm(errand: Errand): Promise<void> {
    const warm = this.#warmOf(errand.request.hostname);
    for (const cidr of warm) {
      if (missing(errand) === 0) return;
      const block = this.#parts.blocks.remembered(cidr)?.spec;
      if (block?.affinity !== errand.mine) warm.delete(cidr);
      else if (errand.left(cidr)) await this.#giveUp(errand, cidr);
      else if (isAllowed(errand, cidr) && freeCount(block, errand.reservations) > 0)
        await this.#take(errand, cidr, true);
    }
  }

  /** Asks the store which blocks the node has and takes from them; returns how many they are. */
  #fromAffine(errand: Errand): Promise<number> {
    return this.#eachAffine(errand, async ({ spec }) => {
      await this.#take(errand, spec.cidr, true);
      return missing(errand) > 0;
    });
  }

  /** Confirms the node's blocks one by one until `visit` has had enough; returns how many there are in all. */
  async #eachAffine(errand: Errand, visit: (block: IPAMBlock) => Promise<boolean>): Promise<number> {
    const { hostname, family } = errand.request;
    let owned = 0;
    let wanted = true;
    for (const affinity of await this.#parts.affinities.of(hostname, family)) {
      const { cidr } = affinity.spec;
      if (errand.left(cidr)) await this.#giveUp(errand, cidr);
      if (!isAllowed(errand, cidr)) continue;
      owned++;
      if (!wanted || errand.reservations.coversAll(parsePrefix(cidr))) continue;
      try {
        const block = await this.#parts.affinities.confirm(affinity, parsePrefix(cidr));
        this.#warmOf(hostname).add(cidr);
        wanted = await visit(block);
      } catch (error) {
        if (!isIpamError(error, 'BLOCK_CLAIMED')) throw error;
        owned--;
      }
    }
    return owned;
  }

  async #fromNewBlocks(errand: Errand, alreadyOwned: number): Promise<void> {
    for (let owned = alreadyOwned; missing(errand) > 0 && errand.settings.autoAllocateBlocks; owned++) {
      const block = await this.#claimOne(errand, owned);
      if (block === undefined) return;
      await this.#take(errand, block.spec.cidr, true);
    }
  }

  /** One more block, unless the node has its share. */
  async #claimOne(errand: Errand, owned: number): Promise<IPAMBlock | undefined> {
    const { request, settings, pools, reservations } = errand;
    const limit = blockLimit(settings, request);
    if (owned >= limit) await this.#refuse(errand, limit);
    const block = await this.#finder.claim(request.hostname, pools, reservations);
    if (block !== undefined) this.#warmOf(request.hostname).add(block.spec.cidr);
    return block;
  }

  async #borrow(errand: Errand): Promise<void> {
    const { request, pools, reservations } = errand;
    for (const cidr of await this.#finder.withFree(request.hostname, pools, reservations)) {
      if (missing(errand) === 0) return;
      await this.#take(errand, cidr, false);
    }
  }

  /** Takes what is missing from one block; if it must be the node's own and isn't, nothing. */
  async #take(errand: Errand, cidr: string, own: boolean): Promise<void> {
    const { blocks, handles, ledger, clock } = this.#parts;
    const { request, reservations, mine, got } = errand;
    const seen = blocks.remembered(cidr) ?? (await blocks.read(cidr));
    const planned = seen === undefined ? 0 : Math.min(missing(errand), freeCount(seen.spec, reservations));
    if (planned === 0) return;
    const network = parsePrefix(cidr);
    const watchful = reservations.touches(network);
    const attribute = attributeFor(request);
    const taken = await handles.counting(request.handleId, cidr, planned, async () => {
      const changed = await blocks.change(cidr, (block) => {
        if (own && block.affinity !== mine) return { block, ordinals: [] };
        return allocate(block, planned, attribute, (at) => watchful && reservations.has(addressAt(block, at)));
      });
      return changed === undefined ? [] : changed.change.ordinals.map((at) => addressAt(changed.stored.spec, at));
    });
    got.push(...taken.map((address) => ({ address, length: network.length })));
    const time = clock.wallTime();
    ledger.append(taken.map((address) => ledgerEntry('assigned', time, formatAddress(address), attribute)));
  }

  /** The limit ends a request at once: nothing is borrowed, and what it has got so far goes back. */
  async #refuse({ got, request }: Errand, limit: number): Promise<never> {
    await this.#releaser.releaseIps(got.map(({ address }) => ({ address, handleId: request.handleId })));
    const why = `Need to allocate an IPAM block but could not - limit of ${limit} blocks reached for this node`;
    throw new IpamError('BLOCK_LIMIT', `cannot allocate new block due to per host block limit: ${why}`);
  }

  /** A block in a pool that no longer selects the node goes as soon as it is empty. */
  async #giveUp({ request }: Errand, cidr: string): Promise<void> {
    try {
      await this.#parts.affinities.release(request.hostname, cidr, { mustBeEmpty: true });
    } catch (error) {
      if (!isIpamError(error, 'BLOCK_NOT_EMPTY')) throw error;
    }
    this.#warmOf(request.hostname).delete(cidr);
  }

  #warmOf(hostname: string): Set<string> {
    const known = this.#warm.get(hostname) ?? new Set();
    this.#warm.set(hostname, known);
    return known;
  }
}

function missing({ request, got }: Errand): number {
  return request.count - got.length;
}

function isAllowed({ pools, request }: Errand, cidr: string): boolean {
  const block = parsePrefix(cidr);
  return block.family === request.family && pools.some((pool) => containsPrefix(pool.cidr, block));
}

function blockLimit(settings: EffectiveIPAMConfiguration, { maxBlocksPerHost = 0 }: FamilyRequest): number {
  const limits = [settings.maxBlocksPerHost, maxBlocksPerHost].filter((limit) => limit > 0);
  return limits.length === 0 ? DEFAULT_MAX_BLOCKS : Math.min(...limits);
}

function shortfallText({ request, got }: Errand, messages: readonly string[]): string {
  const head = `Assigned ${got.length} out of ${request.count} requested IPv${request.family} addresses`;
  return [head, ...messages].join('; ');
}
