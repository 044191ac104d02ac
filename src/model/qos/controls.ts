import * as z from 'zod';
import { parseDscp } from './dscp.ts';
import { parseQuantity } from './quantity.ts';

const count = z.number().int().min(0).optional();

/** The limits of a workload's traffic; 0 and absent are no limit. Ingress is what the workload receives. */
export const qosControls = z.looseObject({
  /** Bits a second. */
  ingressBandwidth: count,
  egressBandwidth: count,
  /** Bits that may pass at once after a pause. */
  ingressBurst: count,
  egressBurst: count,
  /** Bits a second at which a burst passes. */
  ingressPeakrate: count,
  egressPeakrate: count,
  /** Octets that may pass faster than even that. */
  ingressMinburst: count,
  egressMinburst: count,
  /** Packets a second. */
  ingressPacketRate: count,
  egressPacketRate: count,
  ingressPacketBurst: count,
  egressPacketBurst: count,
  /** TCP connections at one time. */
  ingressMaxConnections: count,
  egressMaxConnections: count,
  /** DSCP of what leaves for outside all pools: a number or a name. */
  dscp: z.union([z.number(), z.string()]).optional(),
});

export type QoSControls = z.infer<typeof qosControls>;

export const DIRECTIONS = ['ingress', 'egress'] as const;
export type QosDirection = (typeof DIRECTIONS)[number];
/** Each limit with the least and the most that Calico takes for it. */
const RANGES = {
  Bandwidth: ['1k', '1P'],
  Burst: ['1k', '34359738360'],
  Peakrate: ['1.01k', '1.01P'],
  Minburst: ['1k', '100M'],
  PacketRate: ['1', '10k'],
  PacketBurst: ['1', '10k'],
  MaxConnections: ['1', '4294967295'],
} as const satisfies Readonly<Record<string, readonly [least: string, most: string]>>;

type Limit = keyof typeof RANGES;
export const LIMITS = Object.keys(RANGES) as readonly Limit[];
type LimitField = `${QosDirection}${Limit}`;
export type QoSField = LimitField | 'dscp';

const DEFAULT_BURST = Number(parseQuantity('4Gi'));
const DEFAULT_PACKET_BURST = 5;

/** Limits as they are to be, and what is wrong with how they were given. */
export interface SettledControls {
  readonly controls: QoSControls;
  readonly problems: readonly string[];
}

/**
 * Brings limits into Calico's ranges, leaves out those that need another one which is not there, and fills in the bursts.
 * Nothing is refused: a pod with a wrong limit runs, with the nearest one that is right. What is absent is no limit; 0 is
 * one, and too little.
 */
export function settleControls(given: QoSControls, nameOf: (field: QoSField) => string): SettledControls {
  const problems: string[] = [];
  const controls: QoSControls = {};
  for (const direction of DIRECTIONS) {
    const limit = (which: Limit): number => controls[`${direction}${which}`] ?? 0;
    for (const which of LIMITS) {
      const field: LimitField = `${direction}${which}`;
      const value = given[field];
      if (value === undefined) continue;
      const [nearest, problem] = nearestTo(value, RANGES[which]);
      controls[field] = nearest;
      if (problem !== undefined) problems.push(`${nameOf(field)}: ${problem}`);
    }
    const demand = (which: Limit, isMet: boolean, words: string): void => {
      const field: LimitField = `${direction}${which}`;
      if (controls[field] === undefined || isMet) return;
      delete controls[field];
      problems.push(`${nameOf(field)}: left out, for it ${words}`);
    };
    const name = (which: Limit): string => nameOf(`${direction}${which}`);
    const bandwidth = limit('Bandwidth');
    demand('Burst', bandwidth > 0, `needs ${name('Bandwidth')}`);
    demand('Peakrate', bandwidth > 0 && limit('Peakrate') > bandwidth, `must be more than ${name('Bandwidth')}`);
    demand('Minburst', limit('Peakrate') > 0, `needs ${name('Peakrate')}`);
    demand('PacketBurst', limit('PacketRate') > 0, `needs ${name('PacketRate')}`);
    if (bandwidth > 0) controls[`${direction}Burst`] ??= DEFAULT_BURST;
    if (limit('PacketRate') > 0) controls[`${direction}PacketBurst`] ??= DEFAULT_PACKET_BURST;
  }
  const { dscp } = given;
  if (dscp !== undefined) {
    if (parseDscp(dscp) !== undefined) controls.dscp = dscp;
    else
      problems.push(`${nameOf('dscp')}: left out, for '${shorten(String(dscp))}' is no DSCP: 0 to 63, or such as AF41`);
  }
  return { controls, problems };
}

/** Shortens somebody's text for a message. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function nearestTo(
  value: number,
  [least, most]: readonly [string, string],
): readonly [nearest: number, problem?: string] {
  const [low, high] = [Number(parseQuantity(least)), Number(parseQuantity(most))];
  if (value < low) return [low, `${value} is less than ${least}, and taken for that`];
  if (value > high) return [high, `${value} is more than ${most}, and taken for that`];
  return [value];
}
