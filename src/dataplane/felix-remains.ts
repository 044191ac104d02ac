import { type Clock, type Log, Paced, reasonOf } from '../base/index.ts';
import type { Kernel, Link, RoutingRule, TableChain, TableEvent } from '../netlink/index.ts';

/** The remains of Felix on a node where it ran before. Nothing of it is ours, and nothing of it is touched. */
export interface FelixRemains {
  /** `ip filter`, `ip6 calico` …: tables with chains of Felix's, whose rules still act. */
  readonly tables: readonly string[];
  readonly ipSets: readonly string[];
  /** Rules for WireGuard. */
  readonly rules: readonly RoutingRule[];
  /** Devices of the eBPF data plane, which has programs on other devices, too. */
  readonly devices: readonly string[];
}

const NOTHING: FelixRemains = { tables: [], ipSets: [], rules: [], devices: [] };

/** Milliseconds between looks, however often tables change: kube-proxy changes the same ones. */
const PAUSE = 5000;
/** The table of Felix's nftables mode is all its own; in iptables' tables it has chains beside others'. */
const OWN_TABLE = 'calico';
const TABLES = ['filter', 'nat', 'mangle', 'raw', OWN_TABLE];
const CHAIN = /^cali-/;
const IP_SET = /^cali[46]0/;
const EBPF_DEVICES = ['bpfin.cali', 'bpfout.cali', 'bpfnatin', 'bpfnatout'];
/** Felix's `WireguardRoutingRulePriority`. */
const WIREGUARD_PRIORITY = 99;

/**
 * Looks for what Felix left: at the start, at each full look, and when a table changes in which there was something.
 */
export class FelixRemainsLook {
  readonly #kernel: Pick<Kernel, 'chainList' | 'ipSetList' | 'ruleList'>;
  readonly #log: Log;
  readonly #links: ReadonlyMap<number, Link>;
  readonly #looks: Paced;
  #found = NOTHING;
  /** Sets are asked for once rules were seen that may use some: the question alone would load the module for them. */
  #hadTables = false;

  constructor(
    options: { kernel: Pick<Kernel, 'chainList' | 'ipSetList' | 'ruleList'>; clock: Clock; log: Log },
    links: ReadonlyMap<number, Link>,
  ) {
    this.#kernel = options.kernel;
    this.#log = options.log;
    this.#links = links;
    this.#looks = new Paced(options.clock, PAUSE, () => void this.look());
  }

  get found(): FelixRemains {
    return this.#found;
  }

  tableChanged({ table }: TableEvent): void {
    if (this.#found.tables.length > 0 && (table === undefined || TABLES.includes(table.name))) this.#looks.ask();
  }

  async look(): Promise<void> {
    try {
      const tables = felixTables(await this.#kernel.chainList());
      this.#hadTables ||= tables.length > 0;
      const ipSets = this.#hadTables ? await this.#kernel.ipSetList() : [];
      const rules = [...(await this.#kernel.ruleList(4)), ...(await this.#kernel.ruleList(6))].filter(isFelixRule);
      const devices = [...this.#links.values()]
        .map(({ name }) => name)
        .filter((name) => EBPF_DEVICES.includes(name))
        .sort();
      const former = this.#found.tables.length;
      this.#found = { tables, ipSets: ipSets.filter((name) => IP_SET.test(name)), rules, devices };
      if (tables.length > 0 && former === 0) {
        this.#log.warn({ tables }, "Felix's chains are still in the packet filter: see `vrouter status`");
      } else if (tables.length === 0 && former > 0)
        this.#log.info({}, "Felix's chains are gone from the packet filter");
    } catch (error) {
      this.#log.debug({ err: reasonOf(error) }, 'what Felix left can not be read');
    }
  }

  stop(): void {
    this.#looks.stop();
  }
}

function felixTables(chains: readonly TableChain[]): readonly string[] {
  const felix = chains.filter(
    ({ table, chain }) => table === OWN_TABLE || (TABLES.includes(table) && CHAIN.test(chain)),
  );
  return [...new Set(felix.map(({ family, table }) => `${family} ${table}`))].sort();
}

/** `99: not from all fwmark M/M lookup TABLE`, which is as ours but for the owner's number. */
function isFelixRule({ priority, invert, mark, protocol }: RoutingRule): boolean {
  return priority === WIREGUARD_PRIORITY && invert === true && mark !== undefined && protocol === undefined;
}
