import type { Clock, Log } from '../../base/index.ts';
import type { Kernel } from '../../netlink/index.ts';
import type { PolicyReconciler } from '../policy/index.ts';
import type { RouteReconciler } from '../routes/reconcile.ts';
import type { RestoreKernel } from './restore.ts';

export interface EndpointOptions {
  readonly kernel: RestoreKernel & Pick<Kernel, 'sysctl'>;
  readonly routes: RouteReconciler;
  /** Says which pods may be led to. */
  readonly policy: Pick<PolicyReconciler, 'admits' | 'lacking' | 'onAdmitted'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A pod that can't be reached yet, and why. */
export interface FailedEndpoint {
  readonly key: string;
  readonly reason: string;
}
