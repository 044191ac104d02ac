import type { BgpRouteAnswer, CountedDrop, StatusAnswer } from '../control/answers.ts';

/** What a page of the whole cluster shows besides answers of one node: each node's, or why there is none. */

/** By name. */
export interface NodesAnswer {
  readonly nodes: readonly {
    readonly node: string;
    /** Those that the others reach it by. */
    readonly addresses: readonly string[];
    readonly status?: StatusAnswer;
    readonly problem?: string;
  }[];
}

export type RoutesOfNodes = readonly {
  readonly node: string;
  readonly route?: BgpRouteAnswer;
  readonly problem?: string;
}[];

export type DropsOfNodes = readonly {
  readonly node: string;
  readonly drops?: readonly CountedDrop[];
  readonly problem?: string;
}[];
