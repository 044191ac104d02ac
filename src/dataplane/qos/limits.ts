import { Entries } from '../../base/index.ts';
import type { DesiredLimits, DesiredWorkload } from '../../calc/desired/index.ts';
import type { Chain, NamedMap } from '../../nftables/index.ts';
import { type Contents, type FilterPart, type FilterTable, nameOf } from '../filter/index.ts';

/** One kind of limit. Each has a table of its own, so that a kernel that lacks one has the other. */
interface Kind {
  /** In the words of failures. */
  readonly what: string;
  readonly name: string;
  /** The expression for packets that are looked at at all. */
  readonly match: string;
  /** The rule for a pod's packets of one direction; undefined for no limit. */
  readonly rule: (limits: DesiredLimits) => string | undefined;
  readonly field: 'PacketRate' | 'MaxConnections';
  /** Without it the kernel refuses the rules. */
  readonly module: string;
}

/** Connections are TCP's, as in Calico: no other can be told that it was refused. */
const KINDS: readonly Kind[] = [
  {
    what: 'packet rates',
    name: 'vrouter-packet-rates',
    match: '',
    rule: ({ packetRate, packetBurst = 5 }) =>
      packetRate === undefined
        ? undefined
        : `limit rate over ${packetRate}/second burst ${packetBurst} packets counter drop`,
    field: 'PacketRate',
    module: 'nft_limit',
  },
  {
    what: 'connection limits',
    name: 'vrouter-connections',
    match: 'meta l4proto tcp ct state new ',
    rule: ({ maxConnections }) =>
      maxConnections === undefined ? undefined : `ct count over ${maxConnections} counter reject with tcp reset`,
    field: 'MaxConnections',
    module: 'nft_connlimit',
  },
];

/** A pod's limit in one direction. */
export interface PodLimit {
  /** The table that it is in, as `family name`, and which part of that it is. */
  readonly table: string;
  readonly part: string;
  /** `namespace/name` of the endpoint. */
  readonly key: string;
  readonly direction: 'ingress' | 'egress';
  readonly field: string;
  /** The kernel's action on it. */
  readonly rule: string;
}

export interface LimitTable extends FilterTable {
  readonly limits: readonly PodLimit[];
}

/** No other name is any device's; one must not spoil the others' table. */
const DEVICE = /^[a-zA-Z0-9_.-]{1,15}$/;
/** By the pod's host end: who sends comes in by it, who receives is sent to by it. */
const MAPS = {
  egress: { name: 'egress-limits', type: 'ifname', value: 'verdict' },
  ingress: { name: 'ingress-limits', type: 'ifname', value: 'verdict' },
} as const satisfies Readonly<Record<string, NamedMap>>;

/**
 * Both tables: how packets reach the pods' chains, and each pod's limit as a part of its own, in a chain of its own, so
 * that those of other pods go on counting when it changes, and hold when it is refused. What the node itself sends to
 * its pods, such as the kubelet's probes, is not limited.
 */
export function limitTables(workloads: readonly DesiredWorkload[]): readonly LimitTable[] {
  return KINDS.map((kind) => {
    const { what, name, module } = kind;
    const table = { family: 'inet', name } as const;
    const made = workloads
      .filter(({ interfaceName }) => DEVICE.test(interfaceName))
      .flatMap((workload) => podLimits(kind, nameOf(table), workload));
    const parts = made.map(({ limit, contents }): readonly [string, FilterPart] => [
      limit.part,
      { what: `${limit.field} of ${limit.key}`, order: 1, contents },
    ]);
    const ways: readonly [string, FilterPart] = ['ways', { order: 0, contents: waysTo(kind) }];
    return {
      what,
      module,
      table,
      parts: Entries.of<FilterPart>(parts.length === 0 ? [] : [ways, ...parts]),
      limits: made.map(({ limit }) => limit),
    };
  });
}

/** How packets reach the pods' chains. */
function waysTo({ match }: Kind): Contents {
  const from = { expression: `${match}iifname vmap @${MAPS.egress.name}`, why: 'from pods' };
  const to = { expression: `${match}oifname vmap @${MAPS.ingress.name}`, why: 'to pods' };
  return {
    maps: Object.values(MAPS).map((map) => [map, []] as const),
    chains: [
      [hooked('forward'), [from, to]],
      [hooked('input'), [from]],
    ],
  };
}

/** Before the filters of others: what is beyond a limit need not be looked at any further. */
function hooked(hook: 'forward' | 'input'): Chain {
  return { name: hook, base: { type: 'filter', hook, priority: -1 } };
}

function podLimits(
  { rule, field: word }: Kind,
  table: string,
  { key, interfaceName, qos }: DesiredWorkload,
): readonly { readonly limit: PodLimit; readonly contents: Contents }[] {
  return (['egress', 'ingress'] as const).flatMap((direction) => {
    const expression = rule(qos?.[direction] ?? {});
    if (expression === undefined) return [];
    const chain = `${direction}-${interfaceName}`;
    const field = `${direction}${word}`;
    const way = { key: interfaceName, value: `jump ${chain}`, why: field };
    const contents: Contents = {
      maps: [[MAPS[direction], [way]]],
      chains: [[{ name: chain }, [{ expression, why: field }]]],
    };
    return [{ limit: { table, part: chain, key, direction, field, rule: expression }, contents }];
  });
}
