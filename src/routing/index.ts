/**
 * routing: the voice of the node.
 *
 *     calc ─ peers, announcements ─► peering, filters ─► Speaker ⇄ peers
 *                                                           │ best routes (columns)
 *                             route table ◄─ install ◄──────┘
 *                                               ▲ next-hops (the kernel's own lookup)
 *
 * It translates the cluster's resources into the BGP library's terms, and what the library learns into routes. It
 * decides nothing about BGP itself and writes nothing to the kernel itself. After a restart, `restart-hold` says when
 * routes that nobody wants any more may go.
 */
export type { DetectionReport } from './failure-detection.ts';
export type { IpipTunnel } from './install.ts';
export { type BgpTimers, endpoint, type PeerReport } from './peering.ts';
export { Routing } from './routing.ts';
