/**
 * endpoints: CNI's requests are received here.
 *
 *     control ─► daemon/requests ─► Endpoints.add
 *       identify        whose interface it is, in the store's and the kernel's names
 *       takeAddresses   annotations ─► address plan ─► IPAM
 *       createPodInterface (dataplane), then writeEndpoint (datastore)
 *       FastPath.added  calculation ─► the loop, early ─► the kernel has the route ─► the peers have been told
 *       cniResult
 *
 * What was done for each, and when, is in `timeline`. Requests about one workload are served one after another, and whatever fails half-way is undone. What a pod can ask for
 * is in `annotations`, all of it; a deletion that came while the daemon was away waits in a folder: `queued-deletions`.
 */
export { Endpoints, type EndpointsOptions } from './endpoints.ts';
export { FastPath, type FastPathOptions } from './fast-path.ts';
export { PodTrouble } from './pod-trouble.ts';
export { QueuedDeletions } from './queued-deletions.ts';
export { type PodChange, Timelines } from './timeline.ts';
