import type { DatastoreConfig } from '../../datastore/index.ts';
import type { ConnectivityProbe, ProbeOutcome } from './probe.ts';

/**
 * The role of a pod of the test. `client` asks; `server` is asked; `policed` is a server that a policy of the test
 * protects; `told` is one that the user names: its own programs stay what they are.
 */
export type TestRole = 'client' | 'server' | 'policed' | 'told';

/** A pod of the test. */
export interface TestPod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly role: TestRole;
  readonly addresses: readonly string[];
  /** Of one that is told: a TCP port that it is said to have. */
  readonly port?: number | undefined;
  /** Why it has no addresses. */
  readonly trouble?: string | undefined;
}

/** Something that is no pod: a service, a place outside, a name. */
export interface TestTarget {
  readonly kind: 'service' | 'outside' | 'dns';
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** Of a name: who is asked for it, if not the pods' own resolver. */
  readonly resolver?: string;
}

/** The pods that are to be made. */
export interface StageWishes {
  /** Absent: every node. */
  readonly nodes?: readonly string[] | undefined;
  /** Names of pods that are to be asked instead of servers of the test. */
  readonly pods?: readonly string[] | undefined;
  /** Milliseconds for pods to come up. */
  readonly patience: number;
  readonly tell: (text: string) => void;
}

/** Where the test takes place: it makes pods, and runs probes in them. */
export interface TestStage {
  /** `lab`, `Kubernetes`. */
  readonly name: string;
  readonly datastore: DatastoreConfig;
  /** Makes the servers, and clients where those can be there before they have something to do. */
  prepare(wishes: StageWishes): Promise<readonly TestPod[]>;
  /** Services and names that the stage itself has. */
  targets(): Promise<readonly TestTarget[]>;
  /** Runs probes in a client, on the node that it is of; what is not answered at all is left out. */
  ask(client: TestPod, probes: readonly ConnectivityProbe[]): Promise<readonly ProbeOutcome[]>;
  /** Takes away all that was made. */
  close(): Promise<void>;
}
