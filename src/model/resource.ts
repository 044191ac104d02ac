/** Metadata as Kubernetes has it. Fields that we don't know are carried along untouched. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly uid?: string | undefined;
  /** RFC 3339, in seconds, `Z`. */
  readonly creationTimestamp?: string | undefined;
  /** Opaque; compare for equality only. */
  readonly resourceVersion?: string | undefined;
  readonly [other: string]: unknown;
}

/** Any object of `projectcalico.org/v3`, and IPAM's own objects, which are stored beside them. */
export interface Resource<Kind extends string = string, Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status | undefined;
  /** Fields of the spec that protect, are set, and could not be understood (`read`). Never stored. */
  readonly unread?: readonly string[];
}

/** The `apiVersion` of every resource that users see, whatever a store calls it. */
export const API_VERSION = 'projectcalico.org/v3';
