import { containsPrefix, type Prefix } from '../../base/index.ts';
import { formatSelector, type Selector } from '../../model/index.ts';
import type { IcmpMatch, Match, Ports, Side } from '../form.ts';

/**
 * Whether a rule matches every packet that another matches, in any world. Where this is not plain from the conditions one
 * by one the answer is no: it may be unsure, and never wrong.
 */
export function covers(wide: Match, narrow: Match): boolean {
  return (
    isOpenOr(wide.ipVersion, narrow.ipVersion) &&
    isOpenOr(wide.protocol, narrow.protocol) &&
    coversNotProtocol(wide.notProtocol, narrow) &&
    coversIcmp(wide.icmp, narrow.icmp) &&
    (wide.notIcmp === undefined || (narrow.notIcmp !== undefined && coversIcmp(narrow.notIcmp, wide.notIcmp))) &&
    coversSide(wide.source, narrow.source) &&
    coversSide(wide.destination, narrow.destination)
  );
}

function isOpenOr(wide: number | undefined, narrow: number | undefined): boolean {
  return wide === undefined || wide === narrow;
}

function coversNotProtocol(left: number | undefined, { protocol, notProtocol }: Match): boolean {
  return left === undefined || left === notProtocol || (protocol !== undefined && protocol !== left);
}

function coversIcmp(wide: IcmpMatch | undefined, narrow: IcmpMatch | undefined): boolean {
  if (wide === undefined) return true;
  return narrow !== undefined && wide.type === narrow.type && isOpenOr(wide.code, narrow.code);
}

function coversSide(wide: Side, narrow: Side): boolean {
  const { nets = [], notNets = [] } = wide;
  return (
    (nets.length === 0 || (hasAny(narrow.nets) && narrow.nets.every((net) => isInside(net, nets)))) &&
    (notNets.length === 0 || coversNotNets(notNets, narrow.notNets ?? [])) &&
    isSameSelector(wide.selector, narrow.selector) &&
    isSameSelector(wide.notSelector, narrow.notSelector) &&
    isSameSelector(wide.nodes, narrow.nodes) &&
    (wide.service === undefined ||
      (wide.service.namespace === narrow.service?.namespace && wide.service.name === narrow.service.name)) &&
    (wide.ports === undefined || (narrow.ports !== undefined && holdsPorts(wide.ports, narrow.ports))) &&
    (wide.notPorts === undefined || (narrow.notPorts !== undefined && holdsPorts(narrow.notPorts, wide.notPorts)))
  );
}

function hasAny(nets: readonly Prefix[] | undefined): nets is readonly Prefix[] {
  return nets !== undefined && nets.length > 0;
}

function isInside(net: Prefix, nets: readonly Prefix[]): boolean {
  return nets.some((other) => containsPrefix(other, net));
}

/** A list without a family takes the rule away for that family: both lists must be about the same. */
function coversNotNets(wide: readonly Prefix[], narrow: readonly Prefix[]): boolean {
  const isAbout = (nets: readonly Prefix[], family: 4 | 6): boolean => nets.some((net) => net.family === family);
  const isSame = ([4, 6] as const).every((family) => isAbout(wide, family) === isAbout(narrow, family));
  return isSame && wide.every((net) => isInside(net, narrow));
}

function isSameSelector(wide: Selector | undefined, narrow: Selector | undefined): boolean {
  return wide === undefined || (narrow !== undefined && formatSelector(wide) === formatSelector(narrow));
}

function holdsPorts(wide: Ports, narrow: Ports): boolean {
  return (
    narrow.ranges.every(([first, last]) => wide.ranges.some(([from, to]) => from <= first && last <= to)) &&
    narrow.names.every((name) => wide.names.includes(name))
  );
}
