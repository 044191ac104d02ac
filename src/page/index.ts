/**
 * page: what people see of a node, or of the cluster, in a browser.
 *
 *     browser ──GET──► Site ──► guard (who may) ──► assets (files of browser/)
 *                                              └──► questions ──► ask ──► the answers of the control socket
 *
 * There is no second truth: `/api/OP` is the control socket's answer to that question, and the few that may be asked only
 * read. What runs in the browser lives in `browser/`: plain modules with their types taken off, a style sheet, and preact.
 * Nothing is loaded from elsewhere. Whoever composes says who answers: the daemon for its node, `vrouter web` for all.
 */
export { addressAnswer, clusterAnswer, type KnownCluster } from './cluster.ts';
export { type PagePlace, pagePlace } from './listening.ts';
export type { DropsOfNodes, FlowsOfNodes, NodesAnswer, PacketsOfNodes, RoutesOfNodes } from './of-all-nodes.ts';
export { nodeQuestions, type Questions } from './questions.ts';
export { Site, type SiteOptions } from './site.ts';
