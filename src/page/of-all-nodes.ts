import type { BgpRouteAnswer, CountedDrop, DroppedPacket, FlowAnswer, StatusAnswer } from '../control/answers.ts';

/** Answers of every node, or why there is none, for a page of the whole cluster. */

/** By name. */
export interface NodesAnswer {
  readonly nodes: readonly {
    readonly node: string;
    /** Those that the others reach it by. */
    readonly addresses: readonly string[];
    readonly status?: StatusAnswer;
    readonly problem?: string;
    /** Its turn to be asked has not come. */
    readonly isWaiting?: true;
  }[];
  /** Seconds from one time that each is asked to the next. */
  readonly every: number;
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

/** Packets that were dropped lately. */
export type PacketsOfNodes = readonly {
  readonly node: string;
  readonly packets?: readonly DroppedPacket[];
  readonly problem?: string;
}[];

/** The newest flows; what the log can't tell is a problem too. */
export type FlowsOfNodes = readonly {
  readonly node: string;
  readonly flows?: readonly FlowAnswer[];
  readonly problems: readonly string[];
}[];
