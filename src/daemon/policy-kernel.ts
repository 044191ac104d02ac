import { type Address, equalAddress, formatAddress } from '../base/index.ts';
import { hooksOf } from '../dataplane/index.ts';
import type { Ruleset, Walk, WalkedPacket } from '../nftables/index.ts';
import { NftError, walkHooks } from '../nftables/index.ts';
import type { HostPacket, Packet } from '../policy/index.ts';

/** A pod of this node, and where its packets pass. */
export interface LocalPod {
  readonly interfaceName: string;
  readonly addresses: readonly Address[];
}

/** Where packets between pods pass. */
const HOOK = 'forward';
/** The verdicts of the kernel's tables of one moment, worked out without sending packets. */
export class KernelTables {
  readonly #tables: Readonly<Record<4 | 6, Ruleset | undefined>>;
  readonly #pods: ReadonlyMap<string, string>;

  constructor(tables: Readonly<Record<4 | 6, Ruleset | undefined>>, pods: readonly LocalPod[]) {
    this.#tables = tables;
    this.#pods = new Map(
      pods.flatMap(({ interfaceName, addresses }) => addresses.map((one) => [formatAddress(one), interfaceName])),
    );
  }

  /** Whether a pod of this node has the address. */
  isHere(address: Address): boolean {
    return this.#pods.has(formatAddress(address));
  }

  /** The packet's way between two pods of this node; a string says why there is none that could be worked out. */
  way(packet: Packet): Walk | string {
    const { source, destination } = packet;
    if (equalAddress(source, destination)) return 'a pod that speaks to itself asks no kernel but its own';
    const [iifname, oifname] = [this.#interface(source), this.#interface(destination)];
    return this.#walk(source.family, [[HOOK, { ...packet, iifname, oifname, state: 'new' }]]);
  }

  /** The same of a packet of the node's own, or of one that comes or goes by an interface of it: hook by hook. */
  hostWay(packet: HostPacket): Walk | string {
    return this.#walk(
      packet.source.family,
      hooksOf(packet, (address) => this.#interface(address)),
    );
  }

  #walk(family: 4 | 6, hooks: readonly (readonly [chain: string, at: WalkedPacket])[]): Walk | string {
    const ruleset = this.#tables[family];
    if (ruleset === undefined) return { verdict: 'accept', chain: 'no table of policy' };
    try {
      return walkHooks(ruleset, hooks);
    } catch (error) {
      if (error instanceof NftError && error.code === 'NFT_UNREAD') return error.message;
      throw error;
    }
  }

  #interface(address: Address): string {
    return this.#pods.get(formatAddress(address)) ?? '';
  }
}

/** Where a way ended, for people: without the fingerprint that rules' comments end in. */
export function endOf({ chain, comment }: Walk): string {
  return comment === undefined ? chain : `${chain} (${comment.replace(/ [0-9a-f]{8}$/, '')})`;
}
