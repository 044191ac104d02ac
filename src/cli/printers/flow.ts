import type { FlowAnswer, FlowDecision } from '../../control/index.ts';

type FlowEnd = FlowAnswer['source'];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * A line as `hubble observe` writes them, with what it carried besides:
 *
 *     Nov 30 07:02:11.123: red/web:40000 -> red/db:5432 policy-verdict:default/NetworkPolicy:red/db:0 INGRESS FORWARDED (TCP; …)
 *
 * A node that is named stands in brackets behind the time, as `--print-node-name` has it there.
 */
export function flowLine(flow: FlowAnswer, node?: string): string {
  const place = node === undefined ? '' : ` [${node}]`;
  const { first, source, destination, service, verdict } = flow;
  const to = service === undefined ? '' : ` (service ${endText(service)})`;
  return `${stamp(first)}${place}: ${endText(source)} -> ${endText(destination)}${to} ${verdictText(flow)}${verdict} (${carriedText(flow)})\n`;
}

/** In the time zone of who reads it. */
function stamp(time: number): string {
  const at = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = String(at.getDate()).padStart(2);
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0');
  return `${MONTHS[at.getMonth()]} ${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${milliseconds}`;
}

function endText({ address, name, port }: FlowEnd): string {
  const host = name ?? (address.includes(':') && port !== undefined ? `[${address}]` : address);
  return port === undefined ? host : `${host}:${port}`;
}

/** The decision that counts: one that denies, else the destination's, else the source's. */
function deciding({ decisions }: FlowAnswer): FlowDecision | undefined {
  return decisions.find(({ allowed }) => !allowed) ?? decisions.at(-1);
}

function verdictText(flow: FlowAnswer): string {
  const decision = deciding(flow);
  if (decision === undefined) return '';
  const { direction, isHere, allowed } = decision;
  const where = isHere ? '' : allowed ? '' : ' (DENIED on its own node)';
  return `policy-verdict:${ruleWord(decision)}${direction === undefined ? '' : ` ${direction.toUpperCase()}`}${where} `;
}

/** `tier/Kind:namespace/name:rule`, without blanks. */
function ruleWord({ decidedBy, tier, policy, rule }: FlowDecision): string {
  const place = tier === undefined ? '' : `${tier}/`;
  if (policy !== undefined) return `${place}${policy.replace(' ', ':')}${rule === undefined ? '' : `:${rule}`}`;
  if (tier !== undefined) return `${place}end-of-tier`;
  return decidedBy.replace(/^profile /, 'profile:').replaceAll(' ', '-');
}

function carriedText({ protocol, icmp, verdict, ...flow }: FlowAnswer): string {
  const { begun, ended, packets, octets, answeredPackets, answeredOctets } = flow;
  const what =
    icmp === undefined ? protocol.toUpperCase() : `${protocol.toUpperCase()} type ${icmp.type} code ${icmp.code}`;
  if (verdict === 'DENIED') return `${what}; ${packets} packets`;
  const counts = [begun > 0 && `${begun} begun`, ended > 0 && `${ended} ended`];
  const carried = packets + answeredPackets > 0 && [
    `${packets}/${answeredPackets} packets`,
    `${octets}/${answeredOctets} octets`,
  ];
  return `${what}; ${[...counts, ...(carried || [])].filter((one) => one !== false).join(', ')}`;
}
