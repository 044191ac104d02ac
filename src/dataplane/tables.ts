import type { Family } from '../base/index.ts';
import type {
  Desired,
  DesiredNat,
  DesiredPool,
  DesiredServices,
  DesiredSpoofing,
  DesiredWireguard,
} from '../calc/desired/index.ts';
import { addressedDevices } from './device/render.ts';
import { ownSources } from './endpoints/sources.ts';
import { type Contents, type FilterTable, tableOf, wordOf } from './filter/index.ts';
import { floatingIps } from './nat/floating-ips.ts';
import { natOutgoing } from './nat/masquerade.ts';
import { dscpMarks } from './qos/dscp.ts';
import { serviceLoops } from './services/loops.ts';
import { type Encapsulation, encapsulated } from './tunnels/packet-filter.ts';
import { tunnelSource } from './tunnels/senders.ts';
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
  readonly encapsulation: Encapsulation;
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
    tunnels: addressedDevices(tunnels),
    encapsulation: tunnels,
    interfacePrefix,
  };
}

/** A table, and the rooms that speak in it, in the order of their rules. */
type Row = readonly [
  name: string,
  what: string,
  contents: (family: Family, inputs: FilterInputs) => readonly (Contents | undefined)[],
];

/** One of each for each family. First is what keeps strangers out. */
const TABLES: readonly Row[] = [
  ['vrouter-encapsulation', 'encapsulation', encapsulated],
  ['vrouter-sources', 'source addresses', (family, of) => [ownSources(family, of.spoofing, of.interfacePrefix)]],
  ['vrouter-nat', 'NAT', (family, of) => [floatingIps(family, of.nat), natOutgoing(family, of.pools, of.nat)]],
  ['vrouter-tunnels', 'tunnel source', (family, of) => [tunnelSource(of.tunnels[family], of.wireguard)]],
  ['vrouter-services', 'service loops', (family, of) => [serviceLoops(family, of.services)]],
  ['vrouter-dscp', 'DSCP', (family, of) => [dscpMarks(family, of.pools, of.nat.dscp)]],
  ['vrouter-wireguard', 'host encryption', (family, of) => [reversePath(family, of.wireguard)]],
];

/** Our tables of both families, each with what it should be. */
export function filterTables(inputs: FilterInputs): readonly FilterTable[] {
  return ([4, 6] as const).flatMap((family) =>
    TABLES.map(([name, what, contents]) =>
      tableOf({ family: wordOf(family), name }, `${what} for IPv${family}`, contents(family, inputs)),
    ),
  );
}
