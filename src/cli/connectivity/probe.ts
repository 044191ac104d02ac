/** An attempt that a pod is told to make. `patience`: milliseconds that an answer is waited for. */
export interface ConnectivityProbe {
  readonly id: number;
  /**
   * `tcp`, `udp`: an answer of our own server. `connect`: any TCP server, a refusal too. `mtu`: how large a datagram
   * with DF gets there. `dns`: whether the pod's own resolver, or the one that is named, finds the name.
   */
  readonly kind: 'tcp' | 'udp' | 'connect' | 'mtu' | 'dns';
  /** An address; for `dns` a name. */
  readonly host: string;
  readonly port: number;
  /** For `dns`: the address of who is asked instead of the pod's own resolver. */
  readonly resolver?: string | undefined;
  readonly patience: number;
  /** An answer that should not come is asked for again for so many milliseconds. */
  readonly settles?: number;
}

/** The outcome of an attempt. */
export interface ProbeOutcome {
  readonly id: number;
  /** `refused`: a reset came back. `error`: `code` says which. `silence`: nothing came back. */
  readonly result: 'answered' | 'refused' | 'error' | 'silence';
  readonly code?: string | undefined;
  /** The server that answered, as ours say themselves; for `dns` the addresses found. */
  readonly by?: string | undefined;
  /** Milliseconds until the answer. */
  readonly took?: number | undefined;
  /**
   * Octets of IP packets: what the pod's interface takes, the largest that got there, what the way was said to take.
   */
  readonly mtu?: { readonly own: number; readonly largest: number; readonly told?: number | undefined } | undefined;
  /** Of a name that was not found: each resolver, asked by itself. */
  readonly resolvers?: readonly ResolverOutcome[] | undefined;
}

/** What comes of one attempt, before it is counted. */
export type Answered = Omit<ProbeOutcome, 'id' | 'took'>;

/** How a resolver of the pod does when it is asked by itself. */
export interface ResolverOutcome {
  readonly address: string;
  /** `answered`: also that there is no such name. */
  readonly result: ProbeOutcome['result'];
  readonly code?: string | undefined;
  /** Of one that is silent: what comes of a TCP connection to it. */
  readonly tcp?: ProbeOutcome['result'] | undefined;
}

/** Ports of a test pod's server: the second is one that its policy denies where it has one. */
export const OPEN_PORT = 8080;
export const DENIED_PORT = 8081;

/** The last line of a client that stays. */
export const DONE = 'done';
