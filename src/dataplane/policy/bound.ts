import type { Family, Prefix } from '../../base/index.ts';
import type { Direction, Match, Policy, Rule } from '../../policy/index.ts';

/** A bound tells from a packet, without looking at the rule, that the rule does not match it. */

/** Conditions that a rule can't do without; of those that are absent nothing is known. */
export interface Bound {
  /** The other end's address is in one of them. */
  readonly nets?: readonly Prefix[] | undefined;
  /** Its protocol and destination port are one of these: `6 . 80`. */
  readonly sockets?: readonly string[] | undefined;
}

/** A rule of more ports than this counts as one of any port: each is an element. */
const MOST_PORTS = 64;

/** Whether each rule of the policy needs something that can be looked up. */
export function isBound({ rules }: Policy, direction: Direction): boolean {
  return (rules[direction] ?? []).every((rule) => boundOf(rule, direction) !== undefined);
}

/** The bounds of a policy's rules that may match anything of the family. */
export function boundsOf({ rules }: Policy, direction: Direction, family: Family): readonly Bound[] {
  return (rules[direction] ?? [])
    .filter(({ match: { ipVersion } }) => ipVersion === undefined || ipVersion === family)
    .flatMap((rule) => boundOf(rule, direction) ?? [])
    .map(({ nets, sockets }) => ({ nets: nets?.filter((net) => net.family === family), sockets }))
    .filter(({ nets }) => nets === undefined || nets.length > 0);
}

function boundOf({ match }: Rule, direction: Direction): Bound | undefined {
  const { nets = [] } = direction === 'ingress' ? match.source : match.destination;
  const isAnywhere = nets.length === 0 || nets.some(({ length }) => length === 0);
  const [places, sockets] = [isAnywhere ? undefined : nets, socketsOf(match)];
  return places === undefined && sockets === undefined ? undefined : { nets: places, sockets };
}

function socketsOf({ protocol, destination: { ports } }: Match): readonly string[] | undefined {
  if (protocol === undefined || ports === undefined || ports.names.length > 0) return undefined;
  const count = ports.ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (count > MOST_PORTS) return undefined;
  return ports.ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => `${protocol} . ${first + at}`),
  );
}
