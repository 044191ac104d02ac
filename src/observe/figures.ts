/** The counts of one peer's session. */
export interface PeerFigures {
  /** As the report names it. */
  readonly peer: string;
  /** Messages by type, by direction. */
  readonly messages: Readonly<Record<'received' | 'sent', Readonly<Record<string, number>>>>;
  /** The NOTIFICATION that ended its session the last time; undefined: none since the start. */
  readonly notification?:
    | { readonly code: number; readonly subcode: number; readonly direction: 'sent' | 'received' }
    | undefined;
}

/** The state of one RPKI cache. */
export interface RpkiCacheFigures {
  /** Its address and port. */
  readonly cache: string;
  /** It is connected, and has told all that it has. */
  readonly isUp: boolean;
  /** Prefixes that it has told of and that are still held. */
  readonly records: { readonly ipv4: number; readonly ipv6: number };
  /** Of what it has told; undefined while that is nothing. */
  readonly serial: number | undefined;
  /** Why its connection ended the last time, or could not be made; `at` in milliseconds since 1970. */
  readonly lastError: { readonly at: number; readonly reason: string } | undefined;
}

/** The figures of a node for programs alone, beside its report. */
export interface NodeFigures {
  /** `loaded`: the cluster's resources have been applied once. `stale`: what is applied is not what they say now. */
  readonly config: { readonly loaded: boolean; readonly stale: boolean };
  /** Objects of the datastore that are understood, by kind. */
  readonly objects: readonly { readonly kind: string; readonly count: number }[];
  /** Routes that this node wants, by who says so. */
  readonly routes: readonly {
    readonly proto: string;
    readonly table: string;
    readonly afi: string;
    readonly count: number;
  }[];
  readonly policy: { readonly endpoints: number; readonly policies: number; readonly sets: number };
  /** Seconds for which each component has been at one piece of work without an end; 0: it waits for work. */
  readonly heartbeats: Readonly<Record<string, number>>;
  readonly peers: readonly PeerFigures[];
  readonly bfdPackets: {
    readonly sent: number;
    readonly received: number;
    readonly unheard: number;
    readonly unsent: number;
  };
  /** In order of preference. */
  readonly rpkiCaches: readonly RpkiCacheFigures[];
}

export const NO_FIGURES: NodeFigures = {
  config: { loaded: false, stale: false },
  objects: [],
  routes: [],
  policy: { endpoints: 0, policies: 0, sets: 0 },
  heartbeats: {},
  peers: [],
  bfdPackets: { sent: 0, received: 0, unheard: 0, unsent: 0 },
  rpkiCaches: [],
};
