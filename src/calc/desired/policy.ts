import type { Entries, Family } from '../../base/index.ts';
import type { EndpointClass, EnforcedEndpoint, Policy, Profile } from '../../policy/index.ts';

/** What the node's pods are held to: `Enforcement` (policy), as collections that know how they differ from what they were. */
export interface DesiredPolicy {
  /** By the name of the pod's interface on the host. */
  readonly endpoints: Entries<EnforcedEndpoint>;
  /** By key; those that some endpoint here is of. */
  readonly classes: Entries<EndpointClass>;
  /** By `policyKey`; those that some class asks. */
  readonly policies: Entries<Policy>;
  /** By name; those that some class asks and that are there. One that is not there lets nothing through. */
  readonly profiles: Entries<Profile>;
  /** By `setKey`; those that a rule of these policies and profiles looks into. A set whose members change is another object. */
  readonly sets: Entries<DesiredSet>;
}

export interface DesiredSet {
  /** Whether it is looked into with an address alone, or with protocol and port too. */
  readonly of: 'addresses' | 'ports';
  /** `10.0.0.1`, or `10.0.0.1 . 6 . 80` (protocol and port by number), each with its family. */
  readonly members: Entries<Family>;
  /** Networks of more than one address; they may overlap. Of a set of addresses alone. */
  readonly nets: Entries<Family>;
}
