/** A way to another node that is worth knowing about. */
export interface DesiredWay {
  readonly node: string;
  /** Between the nodes' own addresses, or between those that they have in the pods' network. */
  readonly path: 'underlay' | 'overlay';
  readonly family: 4 | 6;
  readonly local: string;
  readonly remote: string;
}

/** The ways that this node probes, and the nodes that it answers. */
export interface DesiredPaths {
  /** Addresses of this node that others may probe. */
  readonly own: readonly string[];
  /** Addresses of all nodes: nobody else is answered. */
  readonly known: readonly string[];
  readonly ways: readonly DesiredWay[];
}
