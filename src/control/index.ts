/**
 * control: how other programs on this machine talk to the daemon.
 *
 * A unix socket, mode 0600; one JSON object a line in each direction. `protocol.ts` is the whole vocabulary, as zod
 * schemas that both sides check against. The CNI plugin, `calicoctl node status` and `vrouter status` are clients.
 */
export { request, socketPath } from './client.ts';
export { DaemonUnreachable, RequestRefused } from './errors.ts';
export { DEFAULT_SOCKET, deletionsFolder } from './exchange.ts';
export { KeptSocket } from './kept-socket.ts';
export { SocketInUse } from './occupied.ts';
export {
  type ChangedFlow,
  type ChangeInMind,
  type ChangesAnswer,
  type CountedDrop,
  changesSchema,
  countedDropsSchema,
  type DropPlace,
  type DroppedAnswer,
  type DroppedPacket,
  droppedSchema,
  type EffectiveAnswer,
  effectiveSchema,
  type StagedAnswer,
  type StagedFlow,
  stagedSchema,
  type VerifyAnswer,
  verifySchema,
  type WhyAnswer,
  type WhyDecision,
  type WhyVerdict,
  whySchema,
} from './policy-protocol.ts';
export {
  type CniRequest,
  type CniResult,
  cniRequest,
  cniResultSchema,
  type ExplainedEntry,
  explainedEntrySchema,
  type NodeStatus,
  type NodeStatusPeer,
  nodeStatusSchema,
  type Request,
} from './protocol.ts';
export { type Answer, ControlServer } from './server.ts';
