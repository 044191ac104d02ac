/** Settings of the node itself. */
export interface DesiredHost {
  /** Whether the node forwards packets; if not, that is left as it is. */
  readonly forwarding: boolean;
  /** The node's own, by which others reach it: the links that have them bound the MTU too. */
  readonly addresses?: readonly string[];
  /** Names of the links whose MTU bounds pods and tunnels, as a regular expression; undefined for Calico's own. */
  readonly uplinks: string | undefined;
  /** The source that the host itself uses towards its pods, by family; absent for what the kernel chooses. */
  readonly routeSource: { readonly 4?: string; readonly 6?: string };
  /** Whether who talked to whom is kept; absent: it is not. */
  readonly flowLog?: boolean;
  /** Settings that can't hold as they are, and what holds instead. */
  readonly problems?: readonly string[];
}
