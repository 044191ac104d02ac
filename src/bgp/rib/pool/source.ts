import type { Address } from '../../../base/index.ts';

/** Where paths come from: a peer, or this speaker itself (`local`, always number 0). */
export interface Source {
  readonly index: number;
  readonly kind: 'local' | 'ibgp' | 'ebgp';
  /** As text; names the peer. */
  readonly name: string;
  readonly address: Address;
  /** The peer's BGP Identifier as an unsigned integer. */
  routerId: number;
  readonly peerAs: number;
  /** RFC 4456: set when the peer is our client. */
  clusterId: number | undefined;
}

/** The number of the source that we are ourselves. */
export const LOCAL = 0;

/** Sources by number; a number is given again only after `remove`, when no path of that source is left. */
export class SourceTable {
  readonly #sources: (Source | undefined)[];

  constructor(local: Source) {
    this.#sources = [local];
  }

  get(index: number): Source {
    return this.#sources[index]!;
  }

  add(make: (index: number) => Source): Source {
    const hole = this.#sources.indexOf(undefined);
    const index = hole > 0 ? hole : this.#sources.length;
    const source = make(index);
    this.#sources[index] = source;
    return source;
  }

  remove(source: Source): void {
    this.#sources[source.index] = undefined;
  }
}
