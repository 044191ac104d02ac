import { type Address, type Clock, type Prefix, systemClock } from '../base/index.ts';
import type { Store } from '../datastore/index.ts';
import type { IPAMBlock } from '../model/index.ts';
import { Affinities } from './affinities.ts';
import { Assigner, type Assignment } from './assigner.ts';
import { addressAt, attributeOf, ordinalOf, ordinalsOfHandle } from './block.ts';
import { Blocks } from './blocks.ts';
import { Cooldown } from './cooldown.ts';
import type { FamilyRequest } from './errand.ts';
import { type Facts, StoreFacts } from './facts.ts';
import { Handles, handleNotFound } from './handles.ts';
import { type Ledger, noLedger } from './ledger.ts';
import { type ClaimedBlocks, Ownership } from './ownership.ts';
import type { IpamParts, Owner } from './parts.ts';
import { type ReleaseRequest, Releaser } from './releaser.ts';
import { assignAddress } from './specific.ts';
import { Turns } from './turns.ts';
import { type PoolUsage, utilization } from './utilization.ts';

export interface IpamOptions {
  readonly store: Store;
  readonly clock?: Clock;
  /** Where pools, reservations, settings and labels come from. Absent: from the store, each time. */
  readonly facts?: Facts;
  readonly ledger?: Ledger;
}

export interface AutoAssignRequest extends Omit<FamilyRequest, 'family' | 'count' | 'use' | 'pools'> {
  readonly num4?: number | undefined;
  readonly num6?: number | undefined;
  /** `Workload` when absent. */
  readonly use?: FamilyRequest['use'] | undefined;
  /** Names or CIDRs. */
  readonly pools4?: readonly string[] | undefined;
  readonly pools6?: readonly string[] | undefined;
}

/** A family is present when addresses of it were asked for. */
export interface AutoAssignment {
  readonly v4?: Assignment | undefined;
  readonly v6?: Assignment | undefined;
}

/** Whose an address is. */
export interface AssignmentAttributes {
  readonly handleId?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of a virtual machine that is moving: its next owner. */
  readonly alternate?: Readonly<Record<string, string>> | undefined;
}

/** Calico's IPAM client: every verb that the daemon, the CNI plugin and calicoctl need. */
export class Ipam {
  readonly #parts: IpamParts;
  readonly #releaser: Releaser;
  readonly #assigner: Assigner;
  readonly #ownership: Ownership;
  readonly #turns = new Turns();

  constructor({ store, clock = systemClock, facts = new StoreFacts(store), ledger = noLedger }: IpamOptions) {
    const cooldown = new Cooldown(clock);
    const blocks = new Blocks(store, clock, cooldown);
    const affinities = new Affinities(store, blocks, clock);
    this.#parts = { blocks, affinities, handles: new Handles(store, clock), facts, clock, cooldown, ledger };
    this.#releaser = new Releaser(this.#parts);
    this.#assigner = new Assigner(this.#parts, this.#releaser);
    this.#ownership = new Ownership(this.#parts);
  }

  /**
   * Gives out addresses. Fewer than asked for is no error (see `shortfall`). No pool (`POOL_NOT_FOUND`, `NO_POOLS`,
   * `NO_QUALIFIED_POOL`) or a node at its limit of blocks (`BLOCK_LIMIT`) is one, and then nothing stays assigned.
   */
  autoAssign(request: AutoAssignRequest): Promise<AutoAssignment> {
    const { num4 = 0, num6 = 0, pools4, pools6, use = 'Workload', ...rest } = request;
    return this.#turns.take(request.hostname, async () => {
      const v4 =
        num4 > 0 ? await this.#assigner.autoAssign({ ...rest, use, family: 4, count: num4, pools: pools4 }) : undefined;
      if (num6 === 0) return { v4 };
      try {
        return { v4, v6: await this.#assigner.autoAssign({ ...rest, use, family: 6, count: num6, pools: pools6 }) };
      } catch (error) {
        const given = v4?.addresses ?? [];
        await this.#releaser.releaseIps(given.map(({ address }) => ({ address, handleId: rest.handleId })));
        throw error;
      }
    });
  }

  /** Gives out this very address. `NOT_IN_POOL`, `ADDRESS_TAKEN`, `STRICT_AFFINITY`. */
  assignIp(at: Address, owner: Owner): Promise<void> {
    return this.#turns.take(owner.hostname, () => assignAddress(this.#parts, at, owner));
  }

  /** Makes sure that the node has a block with room for each family, so that its first pod finds it warm. */
  ensureBlock(request: AutoAssignRequest): Promise<readonly Prefix[]> {
    const { num4 = 0, num6 = 0, pools4, pools6, use = 'Workload', ...rest } = request;
    return this.#turns.take(request.hostname, async () => [
      ...(num4 > 0 ? await this.#assigner.ensureBlock({ ...rest, use, family: 4, count: num4, pools: pools4 }) : []),
      ...(num6 > 0 ? await this.#assigner.ensureBlock({ ...rest, use, family: 6, count: num6, pools: pools6 }) : []),
    ]);
  }

  /** Takes addresses back; returns those that nobody had. `BAD_HANDLE`, `BAD_SEQUENCE`. */
  releaseIps(requests: readonly ReleaseRequest[]): Promise<readonly Address[]> {
    return this.#releaser.releaseIps(requests);
  }

  /** Takes back all that a handle has. `HANDLE_NOT_FOUND`. */
  releaseByHandle(handleId: string): Promise<void> {
    return this.#releaser.releaseByHandle(handleId);
  }

  /** The addresses of a handle. `HANDLE_NOT_FOUND`. */
  async ipsByHandle(handleId: string): Promise<readonly Address[]> {
    const handle = await this.#parts.handles.read(handleId);
    if (handle === undefined) throw handleNotFound(handleId);
    const cidrs = Object.keys(handle.spec.block);
    const blocks = await Promise.all(cidrs.map((cidr) => this.#parts.blocks.read(cidr)));
    return blocks.flatMap((block) =>
      block === undefined ? [] : ordinalsOfHandle(block.spec, handleId).map((at) => addressAt(block.spec, at)),
    );
  }

  /** Whose the address is; undefined when it is nobody's. */
  async getAssignmentAttributes(at: Address): Promise<AssignmentAttributes | undefined> {
    const cidr = await this.#releaser.blockOf(at);
    const block = cidr === undefined ? undefined : await this.#parts.blocks.read(cidr);
    const ordinal = block && ordinalOf(block.spec, at);
    const owner = block === undefined || ordinal === undefined ? undefined : attributeOf(block.spec, ordinal);
    if (owner === undefined || owner.releasedAt !== undefined) return undefined;
    return { handleId: owner.handle_id, attributes: owner.secondary ?? {}, alternate: owner.alternateOwnerAttrs };
  }

  /** Frees what has rested long enough in a block that nobody touches; removes it if it then is nobody's and empty. */
  thaw(block: IPAMBlock): Promise<void> {
    return this.#releaser.thaw(block);
  }

  /** How full the pools are: those named (by name or CIDR), or all, and blocks whose pool is gone. */
  async getUtilization(pools: readonly string[] = []): Promise<readonly PoolUsage[]> {
    const { facts, blocks, cooldown } = this.#parts;
    cooldown.follow(await facts.settings());
    const usage = utilization(await facts.pools(), await blocks.all(), await facts.reservations());
    if (pools.length === 0) return usage;
    return usage.filter(({ name, cidr }) => pools.includes(cidr) || (name !== undefined && pools.includes(name)));
  }

  /** Claims every block inside `cidr` for the node. `NOT_IN_POOL`, `BAD_BLOCK_SIZE`. */
  claimAffinity(cidr: Prefix, node: string): Promise<ClaimedBlocks> {
    return this.#ownership.claim(cidr, node);
  }

  /** Gives up the node's blocks inside `cidr`. `BLOCK_NOT_EMPTY`, if they must be. */
  releaseAffinity(cidr: Prefix, node: string, mustBeEmpty: boolean): Promise<void> {
    return this.#ownership.release(cidr, node, mustBeEmpty);
  }

  releaseHostAffinities(node: string, mustBeEmpty: boolean): Promise<void> {
    return this.#ownership.releaseHost(node, mustBeEmpty);
  }

  /** Before a pool goes: its blocks become nobody's, the empty ones go at once. */
  releasePoolAffinities(pool: Prefix): Promise<void> {
    return this.#ownership.releasePool(pool);
  }

  /** Forgets a node that is gone: its blocks go to nobody. Its addresses stay until their handles are released. */
  removeHost(node: string): Promise<void> {
    return this.#ownership.releaseHost(node, false);
  }

  /** Brings affinities written by older versions up to date, so that they are found by label. Returns how many. */
  upgradeHost(node: string): Promise<number> {
    return this.#parts.affinities.label(node);
  }
}
