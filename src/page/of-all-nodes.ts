import type { BgpRouteAnswer, CountedDrop, StatusAnswer } from '../control/answers.ts';

/** Answers of every node, or why there is none, for a page of the whole cluster. */

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
