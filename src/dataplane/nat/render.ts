import { containsPrefix, type Family, formatPrefix, parsePrefix } from '../../base/index.ts';
import type { DesiredNat, DesiredPool, DesiredServices } from '../../calc/desired.ts';
import { type Chain, type NamedSet, type Rule, type Table, Transaction } from '../../nftables/index.ts';

/** All that the packet filter's tables of ours follow from. */
export interface NatInputs {
  readonly pools: readonly DesiredPool[];
  readonly nat: DesiredNat;
  readonly services: DesiredServices;
  /** Tunnel devices that have an address. */
  readonly tunnels: Readonly<Record<Family, readonly string[]>>;
}

/** A table of ours: its name is how we know it again after a crash. */
export interface NatTable {
  readonly family: Family;
  /** What it is for, in the words of `status` and of failures. */
  readonly what: string;
  readonly table: Table;
  /** Makes it anew, whole: no packet sees half of it. Undefined when there should be none. */
  readonly wanted: Transaction | undefined;
}

/** Our tables, each with what it should be: one is refused without harm to the others. */
export function natTables(inputs: NatInputs): readonly NatTable[] {
  return ([4, 6] as const).flatMap((family) => [
    tableOf(family, 'natOutgoing', 'vrouter-nat', natOutgoing(family, inputs)),
    tableOf(family, 'tunnel source', 'vrouter-tunnels', tunnelSource(inputs.tunnels[family])),
    tableOf(family, 'service loops', 'vrouter-services', serviceLoops(family, inputs.services)),
  ]);
}

/** One chain with its rules, and the sets that these look into. */
interface Contents {
  readonly sets: readonly (readonly [set: NamedSet, elements: readonly string[]])[];
  readonly chain: Chain;
  readonly rules: readonly Omit<Rule, 'chain'>[];
}

const POSTROUTING: Chain = { name: 'postrouting', base: { type: 'nat', hook: 'postrouting', priority: 100 } };
const FORWARD: Chain = { name: 'forward', base: { type: 'filter', hook: 'forward', priority: 0 } };

/**
 * A packet from a pool with natOutgoing, to anywhere outside all pools (disabled ones included, whether they have
 * natOutgoing or not), leaves with the node's own address. Connections that are translated already stay so when the
 * table changes, since conntrack remembers them. `fully-random`: two connections at once never take one port.
 */
function natOutgoing(family: Family, { pools, nat }: NatInputs): Contents | undefined {
  const own = pools.filter(({ cidr, loadBalancerOnly }) => isOf(family, cidr) && !loadBalancerOnly);
  const hidden = own.filter((pool) => pool.natOutgoing).map(({ cidr }) => cidr);
  if (hidden.length === 0) return undefined;
  const word = wordOf(family);
  const hosts = nat.hosts?.filter((cidr) => isOf(family, cidr));
  const match = [
    `${word} saddr @masq-ipam-pools ${word} daddr != @network-ip-pools`,
    ...(hosts === undefined ? [] : [`${word} daddr != @all-hosts-net`]),
    ...(nat.outInterface === undefined ? [] : [`oifname "${nat.outInterface.replace(/\+$/, '*')}"`]),
  ].join(' ');
  const fixed = nat.address !== undefined && isOf(family, nat.address) ? nat.address : undefined;
  const plain = fixed === undefined ? 'masquerade' : `snat to ${fixed}`;
  const fixedHost = family === 6 && fixed !== undefined ? `[${fixed}]` : fixed;
  const ranged = fixedHost === undefined ? `masquerade to :${nat.ports}` : `snat to ${fixedHost}:${nat.ports}`;
  return {
    sets: [
      [addresses(family, 'masq-ipam-pools'), outermost(hidden)],
      [addresses(family, 'network-ip-pools'), outermost(own.map(({ cidr }) => cidr))],
      ...(hosts === undefined ? [] : [[addresses(family, 'all-hosts-net'), outermost(hosts)] as const]),
    ],
    chain: POSTROUTING,
    rules: [
      ...(nat.ports === undefined
        ? []
        : [{ expression: `${match} meta l4proto { tcp, udp } ${ranged} fully-random`, comment: 'natOutgoing ports' }]),
      { expression: `${match} ${plain} fully-random`, comment: 'natOutgoing' },
    ],
  };
}

/**
 * A packet of the host itself that enters a tunnel with an address of another link gets the tunnel's: the far end
 * answers through the tunnel only to that. It happens when a service is translated after the route, and with it the
 * source, was chosen. Pods' addresses are not local here, so their packets pass as they are.
 */
function tunnelSource(devices: readonly string[]): Contents | undefined {
  if (devices.length === 0) return undefined;
  const rules = devices.map((name) => ({
    expression: `oifname "${name}" fib saddr . oif type != local fib saddr type local masquerade fully-random`,
    comment: `tunnel source ${name}`,
  }));
  return { sets: [], chain: POSTROUTING, rules };
}

/**
 * A packet to a service's address that is forwarded still untranslated belongs to no service: sent on, it would come
 * back from the gateway that BGP told to send such addresses here, until its TTL ends.
 */
function serviceLoops(family: Family, { cidrs, loops }: DesiredServices): Contents | undefined {
  const own = cidrs.filter((cidr) => isOf(family, cidr));
  if (own.length === 0 || loops === 'Disabled') return undefined;
  const set = addresses(family, 'service-ips');
  const expression = `${wordOf(family)} daddr @${set.name} ${loops === 'Drop' ? 'drop' : 'reject'}`;
  return { sets: [[set, outermost(own)]], chain: FORWARD, rules: [{ expression, comment: 'serviceLoopPrevention' }] };
}

function tableOf(family: Family, what: string, name: string, contents: Contents | undefined): NatTable {
  const table: Table = { family: wordOf(family), name };
  return { family, what: `${what} for IPv${family}`, table, wanted: contents && whole(table, contents) };
}

/** Each rule's comment ends in a fingerprint of the whole, by which a restarted daemon sees that it is up to date. */
function whole(table: Table, { sets, chain, rules }: Contents): Transaction {
  const start = new Transaction(table).removeTable().addTable();
  const filled = sets.reduce((made, [set, elements]) => made.addSet(set).addElements(set, elements), start);
  const mark = fingerprint(filled.replaceChain(chain, rules).text);
  return filled.replaceChain(
    chain,
    rules.map(({ expression, comment }) => ({ expression, comment: `${comment} ${mark}` })),
  );
}

function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function addresses(family: Family, name: string): NamedSet {
  return { name, type: family === 4 ? 'ipv4_addr' : 'ipv6_addr', flags: ['interval'] };
}

/** The CIDRs that lie in no other: a set's elements must not overlap, and are listed as they were given then. */
function outermost(cidrs: readonly string[]): readonly string[] {
  const networks = [...new Set(cidrs.map((cidr) => formatPrefix(parsePrefix(cidr))))].map((cidr) => parsePrefix(cidr));
  return networks
    .filter((inner) => !networks.some((outer) => outer !== inner && containsPrefix(outer, inner)))
    .map(formatPrefix)
    .sort();
}

function wordOf(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

function isOf(family: Family, address: string): boolean {
  return address.includes(':') === (family === 6);
}
