import { formatPrefix } from '../../base/index.ts';
import { formatSelector } from '../../model/index.ts';
import type { IcmpMatch, Rule, Side } from '../form.ts';
import { protocolName } from '../protocol.ts';
import { portsText } from './mismatch.ts';

/** A rule in one line: `Allow tcp from app == "web" to port 443, 8000-8999`. */
export function ruleText({ action, match }: Rule): string {
  const { ipVersion, protocol, notProtocol, icmp, notIcmp, source, destination } = match;
  const words = [
    action,
    ...(ipVersion === undefined ? [] : [`IPv${ipVersion}`]),
    ...(protocol === undefined ? [] : [protocolName(protocol)]),
    ...(notProtocol === undefined ? [] : [`not ${protocolName(notProtocol)}`]),
    ...(icmp === undefined ? [] : [icmpWords(icmp)]),
    ...(notIcmp === undefined ? [] : [`not ${icmpWords(notIcmp)}`]),
    ...sideText('from', source),
    ...sideText('to', destination),
  ];
  return words.join(' ');
}

function sideText(word: string, side: Side): readonly string[] {
  const { nets = [], notNets = [], selector, notSelector, nodes, ports, notPorts, service } = side;
  const parts = [
    ...(nets.length === 0 ? [] : [nets.map(formatPrefix).join(', ')]),
    ...(notNets.length === 0 ? [] : [`not ${notNets.map(formatPrefix).join(', ')}`]),
    ...(selector === undefined ? [] : [formatSelector(selector)]),
    ...(notSelector === undefined ? [] : [`not (${formatSelector(notSelector)})`]),
    ...(nodes === undefined ? [] : [`nodes with ${formatSelector(nodes)}`]),
    ...(service === undefined ? [] : [`service ${service.namespace}/${service.name}`]),
    ...(ports === undefined ? [] : [`port ${portsText(ports)}`]),
    ...(notPorts === undefined ? [] : [`not port ${portsText(notPorts)}`]),
  ];
  return parts.length === 0 ? [] : [`${word} ${parts.join(' and ')}`];
}

function icmpWords({ type, code }: IcmpMatch): string {
  return `type ${type}${code === undefined ? '' : ` code ${code}`}`;
}
