import type { Entries } from '../base/index.ts';
import type { BFDConfiguration, BGPPeer, Node } from '../model/index.ts';
import type { BfdInterface } from './desired/index.ts';
import { seconds } from './duration.ts';
import { isOfNode } from './peer-problems.ts';

type InterfaceSpec = NonNullable<BFDConfiguration['spec']['interfaces']>[number];

/** Calico Enterprise's, in seconds. */
const DEFAULTS = { receive: 0.01, send: 0.1, idle: 60, multiplier: 5 } as const;

/** How this node's interfaces are watched: what its BFDConfigurations say, by their names, in the order of each. */
export function bfdInterfaces(
  node: Node | undefined,
  configurations: Entries<BFDConfiguration>,
): readonly BfdInterface[] {
  if (node === undefined) return [];
  return [...configurations]
    .filter(([, { spec }]) => isOfNode(spec, node))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, { spec }]) => (spec.interfaces ?? []).map(readInterface));
}

/** The BGPPeers of this node whose peers are to be watched, where nothing says how. */
export function bfdProblems(
  interfaces: readonly BfdInterface[],
  node: Node | undefined,
  peers: Iterable<readonly [string, BGPPeer]>,
): readonly string[] {
  if (interfaces.length > 0 || node === undefined) return [];
  return [...peers]
    .filter(([, { spec }]) => (spec.failureDetectionMode ?? 'None') !== 'None' && isOfNode(spec, node))
    .map(([name]) => `BGPPeer ${name}: failureDetectionMode has no effect: no BFDConfiguration is for this node`)
    .sort();
}

function readInterface(spec: InterfaceSpec): BfdInterface {
  const milliseconds = (text: string | undefined, otherwise: number): number => (seconds(text) ?? otherwise) * 1000;
  return {
    pattern: spec.matchPattern,
    receiveInterval: milliseconds(spec.minimumRecvInterval, DEFAULTS.receive),
    sendInterval: milliseconds(spec.minimumSendInterval, DEFAULTS.send),
    idleInterval: milliseconds(spec.idleSendInterval, DEFAULTS.idle),
    multiplier: spec.multiplier ?? DEFAULTS.multiplier,
  };
}
