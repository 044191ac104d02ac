import type { DesiredLimits, DesiredWorkload } from '../../calc/desired/index.ts';
import {
  type Chain,
  fingerprint,
  type NamedMap,
  type Rule,
  type Table,
  type TableListing,
  Transaction,
} from '../../nftables/index.ts';

/** What a table of limits is about. Each has its own, so that a kernel that lacks one has the other. */
interface Kind {
  /** In the words of `status` and of failures. */
  readonly what: string;
  readonly name: string;
  /** Which packets are looked at at all. */
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

/** A pod's limit in one direction: a chain of its own, so that those of other pods go on counting when it changes. */
interface PodLimit {
  readonly device: string;
  readonly chain: string;
  readonly map: NamedMap;
  readonly rule: Omit<Rule, 'chain'>;
  /** `namespace/name` of the endpoint. */
  readonly key: string;
  readonly direction: 'ingress' | 'egress';
  readonly field: string;
}

export interface LimitTable {
  readonly what: string;
  readonly module: string;
  readonly table: Table;
  /** How packets reach the pods' chains. */
  readonly ways: readonly (readonly [chain: Chain, rules: readonly Omit<Rule, 'chain'>[]])[];
  readonly limits: readonly PodLimit[];
}

/** No other name is any device's; one must not spoil the others' table. */
const DEVICE = /^[a-zA-Z0-9_.-]{1,15}$/;
/** By the pod's host end: who sends comes in by it, who receives is sent to by it. */
const MAPS = {
  egress: { name: 'egress-limits', type: 'ifname', value: 'verdict' },
  ingress: { name: 'ingress-limits', type: 'ifname', value: 'verdict' },
} as const satisfies Readonly<Record<string, NamedMap>>;

/** Both tables. What the node itself sends to its pods, such as the kubelet's probes, is not limited. */
export function limitTables(workloads: readonly DesiredWorkload[]): readonly LimitTable[] {
  return KINDS.map((kind) => {
    const { what, name, match, module } = kind;
    const [from, to] = [`${match}iifname vmap @${MAPS.egress.name}`, `${match}oifname vmap @${MAPS.ingress.name}`];
    return {
      what,
      module,
      table: { family: 'inet', name },
      ways: [
        [hooked('forward'), [marked('from pods', from), marked('to pods', to)]],
        [hooked('input'), [marked('from pods', from)]],
      ],
      limits: workloads
        .filter(({ interfaceName }) => DEVICE.test(interfaceName))
        .flatMap((workload) => podLimits(kind, workload)),
    };
  });
}

/** Before the filters of others: what is beyond a limit need not be looked at any further. */
function hooked(hook: 'forward' | 'input'): Chain {
  return { name: hook, base: { type: 'filter', hook, priority: -1 } };
}

function podLimits({ rule, field }: Kind, { key, interfaceName, qos }: DesiredWorkload): readonly PodLimit[] {
  return (['egress', 'ingress'] as const).flatMap((direction) => {
    const expression = rule(qos?.[direction] ?? {});
    if (expression === undefined) return [];
    const chain = `${direction}-${interfaceName}`;
    const named = `${direction}${field}`;
    const where = { device: interfaceName, chain, map: MAPS[direction] };
    return [{ ...where, rule: marked(named, expression), key, direction, field: named }];
  });
}

function marked(what: string, expression: string): Omit<Rule, 'chain'> {
  return { expression, comment: `${what} ${fingerprint(expression)}` };
}

/** What is to be done to a table that is as the listing shows it; empty for nothing. */
export function limitChanges(wanted: LimitTable, found: TableListing | undefined): Transaction {
  const start = new Transaction(wanted.table);
  if (wanted.limits.length === 0) return found === undefined ? start : start.removeTable();
  const isMade = found !== undefined && hasWays(wanted, found);
  const present = isMade ? found : undefined;
  const changed = wanted.limits.filter(({ chain, rule }) => !hasRules(present, chain, [rule]));
  const chains = changed.reduce(
    (made, { chain, rule }) => made.replaceChain({ name: chain }, [rule]),
    isMade ? start : withMaps(start.removeTable().addTable()),
  );
  const entered = Object.values(MAPS).reduce((made, map) => enter(made, map, wanted.limits, present), chains);
  const gone = (present?.chains ?? []).filter(
    ({ name, hook }) => hook === undefined && !wanted.limits.some(({ chain }) => chain === name),
  );
  const cleared = gone.reduce((made, { name }) => made.flushChain(name).deleteChain(name), entered);
  return isMade ? cleared : wanted.ways.reduce((made, [chain, rules]) => made.replaceChain(chain, rules), cleared);
}

function withMaps(start: Transaction): Transaction {
  return Object.values(MAPS).reduce((made, map) => made.addMap(map), start);
}

/** Makes the map lead to just the chains that there are to be. */
function enter(
  start: Transaction,
  map: NamedMap,
  limits: readonly PodLimit[],
  present: TableListing | undefined,
): Transaction {
  const wanted = limits
    .filter((limit) => limit.map === map)
    .map(({ device, chain }) => ({ key: device, value: `jump ${chain}` }));
  const entries = present?.maps.find(({ name }) => name === map.name)?.entries ?? [];
  const isIn = (list: typeof entries, { key, value }: (typeof entries)[number]): boolean =>
    list.some((other) => other.key === key && other.value === value);
  return start
    .deleteEntries(
      map,
      entries.filter((entry) => !isIn(wanted, entry)),
    )
    .addEntries(
      map,
      wanted.filter((entry) => !isIn(entries, entry)),
    );
}

function hasWays({ ways }: LimitTable, found: TableListing): boolean {
  const hasMaps = Object.values(MAPS).every(({ name }) => found.maps.some((map) => map.name === name));
  return hasMaps && ways.every(([{ name }, rules]) => hasRules(found, name, rules));
}

function hasRules(found: TableListing | undefined, chain: string, rules: readonly Omit<Rule, 'chain'>[]): boolean {
  if (!found?.chains.some(({ name }) => name === chain)) return false;
  const comments = found.rules.filter((rule) => rule.chain === chain).map(({ comment }) => comment);
  return comments.length === rules.length && rules.every(({ comment }, at) => comments[at] === comment);
}
