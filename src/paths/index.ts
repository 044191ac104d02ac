/**
 * paths: whether packets get from this node to others, how long that takes, and how large they may be.
 *
 *     node ── ways, MTU ─► Prober ── probe-packet ── transport ─ UDP ⇄ other nodes
 *          ◄── loss, round trips, largest packet ──┘
 *
 * Each round sends two packets over each way and counts those that came back by the next round: a small one, which tells of loss and
 * of time, and one as large as the pods' packets, which must not be fragmented on its way. Where small ones get through and
 * large ones don't, nobody is told so: connections open and then hang. `MtuSearch` then finds what does get through.
 *
 * `PathProbes` is the door. `prober`, `loss-window`, `mtu-search` and `probe-packet` are pure; `transport/` is all the I/O. A node
 * also answers others' probes, by the same sockets; it answers nodes alone, never more octets than it was sent, and no answer is
 * answered: nobody gets it to flood others. It knows nothing of Calico: who is to be probed, and from which address to which,
 * is told by whoever opens the door.
 */
export { type PathEnvironment, type PathPlan, PathProbes } from './path-probes.ts';
export type { PathSample, PathWay } from './prober.ts';
