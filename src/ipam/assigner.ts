import {
  type Family,
  formatAddress,
  formatPrefix,
  type InterfaceAddress,
  type Prefix,
  parsePrefix,
} from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { addressAt, allocate } from './block.ts';
import { BlockFinder, freeCount } from './block-finder.ts';
import { type Errand, type FamilyRequest, missing, prepare } from './errand.ts';
import { isIpamError } from './errors.ts';
import { ledgerEntry } from './ledger.ts';
import { OwnBlocks } from './own-blocks.ts';
import { attributeFor, type IpamParts } from './parts.ts';
import type { Releaser } from './releaser.ts';

/** The outcome of a request for one family. Fewer addresses than asked for is no error: `shortfall` says why. */
export interface Assignment {
  readonly family: Family;
  readonly requested: number;
  /** With the prefix length of their block. */
  readonly addresses: readonly InterfaceAddress[];
  readonly shortfall?: string | undefined;
}

/** Gives addresses out, in Calico's order: from the node's blocks, from a new block, from another node's block. */
export class Assigner {
  readonly #parts: IpamParts;
  readonly #releaser: Releaser;
  readonly #finder: BlockFinder;
  readonly #own: OwnBlocks;

  constructor(parts: IpamParts, releaser: Releaser) {
    this.#parts = parts;
    this.#releaser = releaser;
    this.#finder = new BlockFinder(parts);
    this.#own = new OwnBlocks(parts, this.#finder);
  }

  /** Throws as `choosePools` does, and `BLOCK_LIMIT`; then nothing stays assigned. */
  async autoAssign(request: FamilyRequest): Promise<Assignment> {
    const errand = await this.#prepare(request);
    try {
      const shortfall = await this.#fill(errand);
      return { family: request.family, requested: request.count, addresses: errand.got, shortfall };
    } catch (error) {
      if (isIpamError(error, 'BLOCK_LIMIT')) await this.#giveBack(errand);
      throw error;
    }
  }

  /** The node's blocks with room for `count` addresses together; claims what is lacking. Throws as `autoAssign`. */
  async ensureBlock(request: FamilyRequest): Promise<readonly Prefix[]> {
    const errand = await this.#prepare(request);
    const found: Prefix[] = [];
    let room = 0;
    const count = async ({ spec }: IPAMBlock): Promise<boolean> => {
      room += freeCount(spec, errand.reservations);
      found.push(parsePrefix(spec.cidr));
      return room < request.count;
    };
    for (let owned = await this.#own.each(errand, count); room < request.count; owned++) {
      const block = await this.#own.claim(errand, owned);
      if (block === undefined) break;
      await count(block);
    }
    return found;
  }

  async #prepare(request: FamilyRequest): Promise<Errand> {
    const errand = await prepare(request, this.#parts.facts);
    this.#parts.cooldown.follow(errand.settings);
    return errand;
  }

  /** Works down the sources until there is enough; the answer says why there isn't. */
  async #fill(errand: Errand): Promise<string | undefined> {
    for await (const { spec } of this.#own.remembered(errand)) {
      if (missing(errand) > 0 && freeCount(spec, errand.reservations) > 0) await this.#take(errand, spec.cidr, true);
    }
    if (missing(errand) === 0) return undefined;
    let owned = await this.#own.each(errand, async ({ spec }) => {
      await this.#take(errand, spec.cidr, true);
      return missing(errand) > 0;
    });
    for (; missing(errand) > 0; owned++) {
      const block = await this.#own.claim(errand, owned);
      if (block === undefined) break;
      await this.#take(errand, block.spec.cidr, true);
    }
    if (missing(errand) > 0 && !errand.settings.strictAffinity) await this.#borrow(errand);
    return missing(errand) === 0 ? undefined : shortfallText(errand);
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

  async #giveBack({ got, request }: Errand): Promise<void> {
    await this.#releaser.releaseIps(got.map(({ address }) => ({ address, handleId: request.handleId })));
  }
}

function shortfallText({ request, got, settings, pools }: Errand): string {
  const outcome = `Assigned ${got.length} out of ${request.count} requested IPv${request.family} addresses`;
  const tried = pools.map(({ cidr }) => formatPrefix(cidr)).join(' ');
  const why = settings.strictAffinity
    ? 'No more free affine blocks and strict affinity enabled'
    : `No IPs available in pools: [${tried}]`;
  return `${outcome}; ${why}`;
}
