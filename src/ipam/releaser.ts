import { type Address, formatAddress, formatPrefix, parseAddress, parsePrefix, prefix } from '../base/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { host, hostOf } from './affinity.ts';
import {
  addressText,
  attributeOf,
  type BlockSpec,
  isEmpty,
  ordinalOf,
  ordinalsOfHandle,
  type Released,
  type Return,
  release,
  touched,
} from './block.ts';
import { lostRace } from './conflict.ts';
import { IpamError, isIpamError } from './errors.ts';
import { handleNotFound } from './handles.ts';
import { ledgerEntry } from './ledger.ts';
import type { IpamParts } from './parts.ts';
import { poolOf, selectsNode } from './pools.ts';
import type { Sequence } from './sequence.ts';

/** An address to give back. With a handle and a sequence number it goes back only if it still is that allocation. */
export interface ReleaseRequest {
  readonly address: Address;
  readonly handleId?: string | undefined;
  readonly sequenceNumber?: Sequence | undefined;
}

/** Takes addresses back. Blocks that nobody owns go with their last address; those of a node stay with it. */
export class Releaser {
  readonly #parts: IpamParts;

  constructor(parts: IpamParts) {
    this.#parts = parts;
  }

  /** Returns the addresses that nobody had. `BAD_HANDLE`, `BAD_SEQUENCE`: one of a block isn't what it should be, so none of it goes. */
  async releaseIps(requests: readonly ReleaseRequest[]): Promise<readonly Address[]> {
    const { groups, unknown } = await this.#byBlock(requests);
    const notAllocated = [...unknown];
    for (const [cidr, group] of groups) {
      const outcome = await this.#change(cidr, (block) => group.map((wanted) => asReturn(block, wanted)));
      notAllocated.push(...(outcome ?? group.map(({ address }) => address)));
    }
    return notAllocated;
  }

  /** Gives back all that the handle has. `HANDLE_NOT_FOUND` when there is no such handle. */
  async releaseByHandle(handleId: string): Promise<void> {
    const { handles } = this.#parts;
    const handle = await handles.read(handleId);
    if (handle === undefined) throw handleNotFound(handleId);
    for (const [cidr, count] of Object.entries(handle.spec.block)) {
      const wanted = (block: BlockSpec): Return[] =>
        ordinalsOfHandle(block, handleId).map((ordinal) => ({ ordinal, handleId }));
      const released = await this.#write(cidr, wanted);
      await handles.decrement(handleId, cidr, Math.max(count, released?.released.length ?? 0));
      await this.#afterwards(cidr);
    }
  }

  async #byBlock(
    requests: readonly ReleaseRequest[],
  ): Promise<{ readonly groups: ReadonlyMap<string, ReleaseRequest[]>; readonly unknown: readonly Address[] }> {
    const groups = new Map<string, ReleaseRequest[]>();
    const unknown: Address[] = [];
    for (const request of requests) {
      const cidr = await this.blockOf(request.address);
      if (cidr === undefined) unknown.push(request.address);
      else groups.set(cidr, [...(groups.get(cidr) ?? []), request]);
    }
    return { groups, unknown };
  }

  /** The CIDR of the block that an address would be in: told by its pool, or, when that is gone, by looking. */
  async blockOf(at: Address): Promise<string | undefined> {
    const pool = poolOf(await this.#parts.facts.pools(), at);
    if (pool !== undefined) return formatPrefix(prefix(at, pool.spec.blockSize));
    const blocks = await this.#parts.blocks.all();
    return blocks.find(({ spec }) => ordinalOf(spec, at) !== undefined)?.spec.cidr;
  }

  /** Undefined when there is no such block; else the addresses that nobody had. */
  async #change(cidr: string, wanted: (block: BlockSpec) => Return[]): Promise<readonly Address[] | undefined> {
    const outcome = await this.#write(cidr, wanted);
    if (outcome === undefined) return undefined;
    for (const [handleId, count] of outcome.countByHandle) await this.#parts.handles.decrement(handleId, cidr, count);
    await this.#afterwards(cidr);
    return outcome.notAllocated.map((ordinal) => parseAddress(addressText(outcome.block, ordinal)));
  }

  async #write(cidr: string, wanted: (block: BlockSpec) => Return[]): Promise<Released | undefined> {
    const { blocks, clock, ledger, cooldown, facts } = this.#parts;
    cooldown.follow(await facts.settings());
    let before: BlockSpec | undefined;
    const changed = await blocks.change(cidr, (block) => {
      before = block;
      return release(block, wanted(block), cooldown.restFrom);
    });
    if (changed === undefined || before === undefined) return undefined;
    const { change } = changed;
    const time = clock.wallTime();
    const was = before;
    ledger.append(
      change.released.map((ordinal) =>
        ledgerEntry('released', time, addressText(was, ordinal), attributeOf(was, ordinal)!),
      ),
    );
    return change;
  }

  /** Frees what has rested long enough in a block that nobody touches. */
  async thaw({ spec }: IPAMBlock): Promise<void> {
    const { blocks, cooldown, facts } = this.#parts;
    cooldown.follow(await facts.settings());
    if (cooldown.thaw(spec) === spec) return;
    await blocks.change(spec.cidr, (block) => ({ block: touched(block) }));
    await this.#afterwards(spec.cidr);
  }

  /** A block that nobody owns goes when it is empty; one in a pool that no longer selects its node does too. */
  async #afterwards(cidr: string): Promise<void> {
    const { blocks, affinities, facts } = this.#parts;
    const block = blocks.remembered(cidr);
    if (block === undefined || !isEmpty(block.spec)) return;
    try {
      if (block.spec.affinity === undefined) {
        await blocks.remove(block);
        return;
      }
      const node = hostOf(block.spec.affinity);
      const pool = poolOf(await facts.pools(), parsePrefix(cidr));
      if (node === undefined || pool === undefined || selectsNode(pool, await facts.nodeLabels(node))) return;
      await affinities.release(host(node), cidr, { mustBeEmpty: true });
    } catch (error) {
      // Somebody has just begun to use the block: then it is theirs to clean up.
      if (!lostRace(error) && !isIpamError(error, 'BLOCK_NOT_EMPTY')) throw error;
    }
  }
}

function asReturn(block: BlockSpec, { address, handleId, sequenceNumber }: ReleaseRequest): Return {
  const ordinal = ordinalOf(block, address);
  if (ordinal === undefined) {
    throw new IpamError(
      'BLOCK_CORRUPT',
      `block ${block.cidr} is stored where that of ${formatAddress(address)} should be`,
    );
  }
  return { ordinal, handleId, sequenceNumber };
}
