import { type Address, equalAddress, formatAddress } from '../base/index.ts';
import type { Ruleset, Walk, WalkedPacket } from '../nftables/index.ts';
import { NftError, walk } from '../nftables/index.ts';
import type { Packet } from '../policy/index.ts';

/** A pod of this node, and where its packets pass. */
export interface LocalPod {
  readonly interfaceName: string;
  readonly addresses: readonly Address[];
}

/** Where packets of the hook begin. */
const HOOK = 'forward';
/** The device of what comes from elsewhere, when nobody knows better. */
const ELSEWHERE = 'elsewhere';

/** What the kernel's tables of one moment do with packets between pods, worked out without sending any. */
export class KernelTables {
  readonly #tables: Readonly<Record<4 | 6, Ruleset | undefined>>;
  readonly #pods: ReadonlyMap<string, string>;
  readonly #uplink: string;

  constructor(tables: Readonly<Record<4 | 6, Ruleset | undefined>>, pods: readonly LocalPod[], uplink = ELSEWHERE) {
    this.#tables = tables;
    this.#pods = new Map(
      pods.flatMap(({ interfaceName, addresses }) => addresses.map((one) => [formatAddress(one), interfaceName])),
    );
    this.#uplink = uplink;
  }

  /** Whether a pod of this node has the address. */
  isHere(address: Address): boolean {
    return this.#pods.has(formatAddress(address));
  }

  /** The packet's way; a string says why there is none that could be worked out. */
  way(packet: Packet): Walk | string {
    const { source, destination } = packet;
    if (equalAddress(source, destination)) return 'a pod that speaks to itself asks no kernel but its own';
    if (!this.isHere(source) && !this.isHere(destination)) return 'neither end is a pod of this node';
    const ruleset = this.#tables[source.family];
    if (ruleset === undefined) return { verdict: 'accept', chain: 'no table of policy' };
    const [iifname, oifname] = [this.#interface(source), this.#interface(destination)];
    const walked: WalkedPacket = { ...packet, iifname, oifname, state: 'new' };
    try {
      return walk(ruleset, HOOK, walked);
    } catch (error) {
      if (error instanceof NftError && error.code === 'NFT_UNREAD') return error.message;
      throw error;
    }
  }

  #interface(address: Address): string {
    return this.#pods.get(formatAddress(address)) ?? this.#uplink;
  }
}

/** Where a way ended, for people: without the fingerprint that rules' comments end in. */
export function endOf({ chain, comment }: Walk): string {
  return comment === undefined ? chain : `${chain} (${comment.replace(/ [0-9a-f]{8}$/, '')})`;
}
