/**
 * control: how other programs on this machine talk to the daemon.
 *
 * A unix socket, mode 0600; one JSON object a line in each direction. `protocol.ts` is what may be asked
 * and `answers.ts` what is answered, as zod schemas; whoever hears it checks it. The CNI plugin, `calicoctl node status`
 * and `vrouter status` are clients. A few questions also come to nodes far away, by way of the datastore (`by-datastore.ts`).
 */
export type { CniResult, DrainAnswer, ExplainedEntry, NodeStatusPeer, StatusAnswer } from './answers.ts';
export type { BgpNeighbour, BgpPeersAnswer, BgpRoute, BgpRouteAnswer } from './bgp-answers.ts';
export { ANSWER, answeredAnnotations, QUESTION, readAnswer } from './by-datastore.ts';
export { request, socketPath } from './client.ts';
export type { AddressAnswer, ClusterAnswer, PolicyHitsAnswer } from './cluster-answers.ts';
export { DaemonUnreachable, RequestRefused } from './errors.ts';
export { DEFAULT_SOCKET, deletionsFolder } from './exchange.ts';
export type { FlowAnswer, FlowDecision, FlowsAnswer } from './flow-answers.ts';
export { KeptSocket } from './kept-socket.ts';
export { SocketInUse } from './occupied.ts';
export type {
  ChangedFlow,
  ChangesAnswer,
  CountedDrop,
  DropPlace,
  DroppedAnswer,
  DroppedPacket,
  EffectiveAnswer,
  HostDecision,
  StagedAnswer,
  StagedFlow,
  VerifyAnswer,
  WhyAnswer,
  WhyDecision,
  WhyVerdict,
} from './policy-answers.ts';
export {
  type ChangeInMind,
  type CniRequest,
  cniRequest,
  type FlowsRequest,
  type Request,
  ROUTE_SELECTIONS,
  requestSchema,
} from './protocol.ts';
export { type Answer, ControlServer, LONGEST_PATH } from './server.ts';
export type { TimelineAnswer } from './timeline-answers.ts';
