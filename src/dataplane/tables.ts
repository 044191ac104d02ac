import { Entries, type Family } from '../base/index.ts';
import type {
  Desired,
  DesiredNat,
  DesiredPool,
  DesiredServices,
  DesiredSpoofing,
  DesiredWireguard,
  DesiredWireguardPeer,
} from '../calc/desired/index.ts';
import type { Table } from '../nftables/index.ts';
import { addressedDevices } from './device/render.ts';
import { knownNeighbors, neighborTable } from './endpoints/neighbors.ts';
import { ownSources } from './endpoints/sources.ts';
import { type Contents, type FilterTable, nameOf, tableOf, wordOf } from './filter/index.ts';
import { egressSources } from './nat/egress.ts';
import { floatingIps } from './nat/floating-ips.ts';
import { natOutgoing } from './nat/masquerade.ts';
import { dscpMarks } from './qos/dscp.ts';
import { serviceLoops } from './services/loops.ts';
import { encapsulated, type TunnelUse } from './tunnels/packet-filter.ts';
import { tunnelSource } from './tunnels/senders.ts';
import { egressInClear } from './wireguard/egress-in-clear.ts';
import { WireguardNodes } from './wireguard/nodes.ts';
import { reversePath } from './wireguard/reverse-path.ts';

/** The sections that these tables follow from. */
export const FILTER_SECTIONS = [
  'pools',
  'nat',
  'services',
  'spoofing',
  'tunnels',
] as const satisfies readonly (keyof Desired)[];

/** All that these tables follow from. */
export interface FilterInputs {
  readonly pools: readonly DesiredPool[];
  readonly nat: DesiredNat;
  readonly services: DesiredServices;
  readonly spoofing: readonly DesiredSpoofing[];
  /** Tunnel devices that have an address. */
  readonly tunnels: Readonly<Record<Family, readonly string[]>>;
  readonly wireguard: DesiredWireguard | undefined;
  readonly wireguard6: DesiredWireguard | undefined;
  readonly encapsulation: TunnelUse;
  /** How the names of pods' interfaces begin. */
  readonly interfacePrefix: string;
}

export function filterInputs(
  { pools, nat, services, spoofing, tunnels }: Pick<Desired, (typeof FILTER_SECTIONS)[number]>,
  interfacePrefix = 'cali',
): FilterInputs {
  return {
    pools,
    nat,
    services,
    spoofing,
    wireguard: tunnels.wireguard4,
    wireguard6: tunnels.wireguard6,
    tunnels: addressedDevices(tunnels),
    encapsulation: tunnels,
    interfacePrefix,
  };
}

/** A table, and the rooms that speak in it, in the order of their rules. */
interface Row {
  readonly name: string;
  readonly what: string;
  /** Where it is not one of this name for IPv4 and one for IPv6. */
  readonly table?: (family: Family) => Table;
  /** All that its contents follow from: they are the same as before while each of these is. */
  readonly from: (inputs: Prepared) => readonly unknown[];
  readonly contents: (family: Family, inputs: Prepared) => readonly (Contents | undefined)[];
}

/** With what is as large as the cluster as sets that know how they differ from what they were. */
interface Prepared extends FilterInputs {
  readonly wireguardNodes: Entries<string>;
}

/** One of each for each family. First is what keeps strangers out. */
const TABLES: readonly Row[] = [
  {
    name: 'vrouter-encapsulation',
    what: 'encapsulation',
    from: ({ encapsulation: { ipip, vxlan4, vxlan6, hosts, fromPods }, interfacePrefix }) => {
      return [ipip === undefined, vxlan4?.port, vxlan6?.port, hosts, fromPods, interfacePrefix];
    },
    contents: encapsulated,
  },
  {
    name: 'vrouter-sources',
    what: 'source addresses',
    from: ({ spoofing, interfacePrefix }) => [spoofing, interfacePrefix],
    contents: (family, { spoofing, interfacePrefix }) => [ownSources(family, spoofing, interfacePrefix)],
  },
  {
    name: 'vrouter-neighbors',
    what: 'neighbors',
    table: neighborTable,
    from: ({ interfacePrefix }) => [interfacePrefix],
    contents: (family, { interfacePrefix }) => [knownNeighbors(family, interfacePrefix)],
  },
  {
    name: 'vrouter-nat',
    what: 'NAT',
    from: ({ pools, nat }) => [pools, nat],
    contents: (family, { pools, nat }) => [
      floatingIps(family, nat),
      egressSources(family, nat.egress),
      natOutgoing(family, pools, nat),
    ],
  },
  {
    name: 'vrouter-tunnels',
    what: 'tunnel source',
    from: ({ tunnels, wireguard }) => {
      const { device, hostEncryption, address } = wireguard ?? {};
      return [tunnels[4].join(), tunnels[6].join(), device, hostEncryption, address];
    },
    contents: (family, { tunnels, wireguard }) => [tunnelSource(tunnels[family], wireguard)],
  },
  {
    name: 'vrouter-services',
    what: 'service loops',
    from: ({ services }) => [services],
    contents: (family, { services }) => [serviceLoops(family, services)],
  },
  {
    name: 'vrouter-dscp',
    what: 'DSCP',
    from: ({ pools, nat }) => [pools, nat.dscp],
    contents: (family, { pools, nat }) => [dscpMarks(family, pools, nat.dscp)],
  },
  {
    name: 'vrouter-wireguard',
    what: 'the way past WireGuard',
    from: ({ wireguard, wireguard6, wireguardNodes, nat, interfacePrefix }) => {
      const { device, mark, hostEncryption } = wireguard ?? {};
      const six = [wireguard6?.device, wireguard6?.mark, hasPeers(wireguard6)];
      return [device, mark, hostEncryption, hasPeers(wireguard), ...six, wireguardNodes, nat.egress, interfacePrefix];
    },
    contents: (family, { wireguard, wireguard6, wireguardNodes, nat, interfacePrefix }) => [
      reversePath(family, wireguard, wireguardNodes),
      egressInClear(family, family === 4 ? wireguard : wireguard6, nat.egress, interfacePrefix),
    ],
  },
];

function hasPeers(of: DesiredWireguard | undefined): boolean {
  return (of?.peers.size ?? 0) > 0;
}

const NO_PEERS = Entries.of<DesiredWireguardPeer>();

/** Our tables of both families, each with what it should be: the same object as before while what it follows from is. */
export class FilterTables {
  readonly #nodes = new WireguardNodes();
  readonly #made = new Map<string, { readonly from: readonly unknown[]; readonly table: FilterTable }>();

  of(inputs: FilterInputs): readonly FilterTable[] {
    const { wireguard } = inputs;
    const peers = wireguard?.hostEncryption ? wireguard.peers : NO_PEERS;
    const prepared: Prepared = { ...inputs, wireguardNodes: this.#nodes.run(peers) };
    return ([4, 6] as const).flatMap((family) => TABLES.map((row) => this.#table(family, row, prepared)));
  }

  #table(family: Family, { name, what, from, contents, ...row }: Row, inputs: Prepared): FilterTable {
    const table = row.table?.(family) ?? { family: wordOf(family), name };
    const [before, follows] = [this.#made.get(nameOf(table)), from(inputs)];
    if (before?.from.every((one, index) => one === follows[index])) return before.table;
    const made = tableOf(table, `${what} for IPv${family}`, contents(family, inputs));
    this.#made.set(nameOf(table), { from: follows, table: made });
    return made;
  }
}
