import type { Kernel } from '../../src/netlink/index.ts';

/** The verbs of `Kernel` that can be told to fail; a route of `applyRoutes` counts as a call of its own. */
export type FakeVerb =
  | Exclude<keyof Kernel, 'inNamespace' | 'close' | 'applyRoutes' | 'routeColumns'>
  | 'routeAdd'
  | 'routeReplace'
  | 'routeDelete';

/** A failure to come: once, in the call that `times` calls of the verb precede. */
export interface Injected {
  readonly verb: FakeVerb | 'any';
  after: number;
  readonly code: string;
}
