import type { TunnelListeners } from './tunnels/reconcile.ts';

/** Those who wait for news of the kernel. Each is told in the turn in which it was seen. */
export interface DataplaneListeners extends TunnelListeners {
  /** Links, addresses, or routes that are not ours have changed. */
  readonly onTopology?: (() => void) | undefined;
  /** The MTU for new pods is another. */
  readonly onPodMtu?: ((mtu: number) => void) | undefined;
  /** All pending changes of routes have been answered by the kernel. */
  readonly onRoutesSettled?: (() => void) | undefined;
  /** Told, in seconds, how long wanted changes of routes took from the wish to the kernel's answer. */
  readonly onRoutesWritten?: ((seconds: number) => void) | undefined;
}
