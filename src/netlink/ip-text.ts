import { type DeviceNames, deviceNames } from './device-names.ts';
import type { InterfaceAddressEntry, Kernel, Link, Neighbor, Route, RouteNextHop, RoutingRule } from './kernel.ts';
import { formatIngressFilter, formatQdisc } from './tc-text.ts';

/** The names that ip(8) knows from /etc/iproute2/rt_protos; all others are printed as numbers. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'redirect',
  2: 'kernel',
  3: 'boot',
  4: 'static',
  9: 'ra',
  11: 'zebra',
  12: 'bird',
  16: 'dhcp',
  42: 'babel',
  186: 'bgp',
  187: 'isis',
  188: 'ospf',
  189: 'rip',
};
const TABLES: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' };
const ALL_BITS = 0xffffffff;
const KERNEL_PROTOCOL = 2;

/** As a line of `ip -o link`, short of queueing and statistics: `2: eth0@if3: <UP> mtu 1500 state UP link/ether …`. */
export function formatLink(link: Link, names: DeviceNames): string {
  const { linkIndex } = link;
  const lower = linkIndex === undefined || linkIndex === 0 ? '' : `@${lowerName(link, linkIndex, names)}`;
  const master = link.masterIndex === undefined ? '' : ` master ${nameOf(link.masterIndex, names)}`;
  const state = link.operState.toUpperCase();
  const medium = link.flags.includes('LOOPBACK') ? 'loopback' : 'ether';
  const mac = link.mac === undefined ? '' : ` link/${medium} ${link.mac}`;
  const alias = link.alias === undefined ? '' : ` alias ${link.alias}`;
  const flags = link.flags.join(',');
  return `${link.index}: ${link.name}${lower}: <${flags}> mtu ${link.mtu}${master} state ${state}${mac}${alias}`;
}

function lowerName({ linkNamespaceId }: Link, index: number, names: DeviceNames): string {
  return linkNamespaceId === undefined ? nameOf(index, names) : `if${index}`;
}

function nameOf(index: number, names: DeviceNames): string {
  return names.get(index) ?? `if${index}`;
}

/** As `ip -o addr`: `2: eth0 inet 10.0.0.1/32 scope global`. */
export function formatInterfaceAddress({ index, dev, family, address, scope, flags }: InterfaceAddressEntry): string {
  const words = [`${index}:`, dev, family === 4 ? 'inet' : 'inet6', address, 'scope', scope, ...flags];
  return words.join(' ');
}

/** As `ip route` prints it: `10.0.0.0/26 via 10.1.0.2 dev eth0 proto 80 onlink`. The table is left out when main. */
export function formatRoute(route: Route, names: DeviceNames): string {
  const { kind, nextHops } = route;
  const words = [...(kind === 'unicast' ? [] : [kind]), formatDestination(route)];
  if (route.tos !== undefined) words.push('tos', `0x${route.tos.toString(16)}`);
  const single = nextHops.length === 1 ? nextHops[0] : undefined;
  if (single !== undefined) words.push(...hopWords(route, single, names));
  if (route.table !== 254) words.push('table', TABLES[route.table] ?? String(route.table));
  words.push('proto', PROTOCOLS[route.protocol] ?? String(route.protocol));
  // IPv6 routes have no scope, whatever was asked for.
  if (route.family === 4 && route.scope !== undefined && route.scope !== 'global') words.push('scope', route.scope);
  if (route.source !== undefined) words.push('src', route.source);
  if (route.metric !== undefined) words.push('metric', String(route.metric));
  if (single?.onlink) words.push('onlink');
  if (route.mtu !== undefined) words.push('mtu', String(route.mtu));
  if (nextHops.length < 2) return words.join(' ');
  return [words.join(' '), ...nextHops.map((hop) => `\t${formatMember(route, hop, names)}`)].join('\n');
}

function formatDestination({ family, destination }: Route): string {
  if (destination === '0.0.0.0/0' || destination === '::/0') return 'default';
  const host = family === 4 ? '/32' : '/128';
  return destination.endsWith(host) ? destination.slice(0, -host.length) : destination;
}

function hopWords({ family }: Route, { via, dev }: RouteNextHop, names: DeviceNames): string[] {
  const other = via !== undefined && via.includes(':') !== (family === 6);
  const gateway = via === undefined ? [] : ['via', ...(other ? [family === 4 ? 'inet6' : 'inet'] : []), via];
  return [...gateway, ...(dev === undefined ? [] : ['dev', nameOf(dev, names)])];
}

function formatMember(route: Route, hop: RouteNextHop, names: DeviceNames): string {
  const words = ['nexthop', ...hopWords(route, hop, names), 'weight', String(hop.weight ?? 1)];
  return [...words, ...(hop.onlink ? ['onlink'] : [])].join(' ');
}

/** As `ip rule`: `99: not from all fwmark 0x10/0x10 lookup 1000 proto 80`. The kernel's own say nothing of it. */
export function formatRule(rule: RoutingRule): string {
  const words = [`${rule.priority}:`, ...(rule.invert ? ['not'] : []), 'from', rule.source ?? 'all'];
  if (rule.destination !== undefined) words.push('to', rule.destination);
  if (rule.mark !== undefined) {
    const mask = rule.mask === undefined || rule.mask === ALL_BITS ? '' : `/0x${rule.mask.toString(16)}`;
    words.push('fwmark', `0x${rule.mark.toString(16)}${mask}`);
  }
  if (rule.incoming !== undefined) words.push('iif', rule.incoming);
  words.push('lookup', TABLES[rule.table] ?? String(rule.table));
  if (rule.protocol !== undefined && rule.protocol !== KERNEL_PROTOCOL) {
    words.push('proto', PROTOCOLS[rule.protocol] ?? String(rule.protocol));
  }
  return words.join(' ');
}

/** As `ip neigh`, or for entries of the forwarding database as `bridge fdb`. */
export function formatNeighbor({ dev, destination, mac, state, fdb, proxy }: Neighbor): string {
  if (fdb) {
    return [mac, 'dev', dev, ...(destination === '' ? [] : ['dst', destination]), 'self', state ?? '']
      .join(' ')
      .trimEnd();
  }
  if (proxy) return `${destination} dev ${dev} proxy`;
  const address = mac === '' ? [] : ['lladdr', mac];
  return [destination, 'dev', dev, ...address, (state ?? 'none').toUpperCase()].join(' ');
}

/**
 * The whole state of a namespace as text, one section for each command of ip(8) and tc(8) that would show it: what
 * tests and bug reports compare. The kernel's own entries that no one configures (local table, IPv6 link-local, the
 * qdiscs that it chose) are left out.
 */
export async function printKernel(kernel: Kernel): Promise<string> {
  const links = await kernel.linkList();
  const names = deviceNames(links);
  const v6 = (await kernel.addressList({ family: 6 })).filter(({ scope }) => scope === 'global');
  const addresses = [...(await kernel.addressList({ family: 4 })), ...v6];
  const routes = [...(await kernel.routeList({ family: 4 })), ...(await kernel.routeList({ family: 6 }))];
  const rules = [...(await kernel.ruleList(4)), ...(await kernel.ruleList(6))];
  const neighbors = [...(await kernel.neighborList()), ...(await kernel.neighborList({ fdb: true }))];
  return [
    section(
      'link',
      links.map((link) => formatLink(link, names)),
    ),
    section('address', addresses.map(formatInterfaceAddress)),
    section(
      'route',
      routes
        .filter(isConfigured)
        .map((route) => formatRoute(route, names))
        .sort(),
    ),
    section('rule', rules.map(formatRule)),
    section(
      'neigh',
      neighbors
        .filter(({ state }) => state === 'permanent')
        .filter(isUnicast)
        .map(formatNeighbor)
        .sort(),
    ),
    section('tc', await printTrafficControl(kernel, names)),
  ].join('');
}

async function printTrafficControl(kernel: Kernel, names: DeviceNames): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const qdisc of await kernel.qdiscList()) {
    if (qdisc.handle === '0:') continue;
    lines.push(formatQdisc(qdisc));
    if (qdisc.parent !== 'ingress') continue;
    lines.push(...(await kernel.filterList(qdisc.dev)).map((filter) => formatIngressFilter(filter, names)));
  }
  return lines;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function isConfigured({ destination }: Route): boolean {
  return !destination.startsWith('fe80:') && !destination.startsWith('ff00:');
}

/** Multicast MACs in the forwarding database are the kernel's own; the low bit of the first octet marks them. */
function isUnicast({ mac, fdb }: Neighbor): boolean {
  return !fdb || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}
