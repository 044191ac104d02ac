import { Counter, Gauge, type Registry } from 'prom-client';

/** How often one drop has dropped. */
export interface DropSample {
  readonly packets: number;
  readonly bytes: number;
  readonly direction?: string | undefined;
  readonly tier?: string | undefined;
  readonly policy?: string | undefined;
}

/** How often one rule has decided. */
export interface RuleSample {
  readonly packets: number;
  readonly bytes: number;
  readonly tier: string;
  /** Of the policy; empty where it has none. */
  readonly namespace: string;
  readonly policy: string;
  readonly rule: string;
  readonly direction: string;
  readonly verdict: 'allow' | 'deny' | 'pass' | 'log';
}

export interface PolicySamples {
  /** Absent: rules don't count. */
  readonly rules?: (() => Promise<readonly RuleSample[]>) | undefined;
  readonly drops: () => Promise<readonly DropSample[]>;
  /** Packets that the kernel treats otherwise than policy says. */
  readonly disagreements: () => number;
}

const LABELS = ['tier', 'policy', 'direction'] as const;
/** Policies and directions that have series of their own; those beyond are counted together, as of rules. */
const MOST_POLICIES = 1000;

/** Drops by policy, and not by pod or rule: as many series as this node has policies that deny, and ends of tiers. */
export function definePolicyMetrics(registers: Registry[], { drops, disagreements, rules }: PolicySamples): void {
  if (rules !== undefined) defineRuleMetrics(registers, rules);
  let asked: Promise<readonly DropSample[]> | undefined;
  // All counters of one answer come from one look.
  const once = (): Promise<readonly DropSample[]> => {
    asked ??= drops()
      .catch(() => [])
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
  const counter = (name: string, help: string, of: (sample: DropSample) => number): void => {
    new Counter({
      name,
      help,
      labelNames: LABELS,
      registers,
      async collect() {
        this.reset();
        const own = new Room(MOST_POLICIES);
        for (const sample of await once()) {
          const { tier = '', policy = '', direction = '' } = sample;
          const labels = { tier, policy, direction };
          this.inc(own.has(labels) ? labels : { tier: '', policy: OTHERS, direction }, of(sample));
        }
      },
    });
  };
  counter(
    'vrouter_policy_denied_packets_total',
    `Packets that policy has dropped here; without a policy: at the end of the tier, or by none; of policies beyond ${MOST_POLICIES} together, as "others"`,
    ({ packets }) => packets,
  );
  counter('vrouter_policy_denied_bytes_total', 'Bytes that policy has dropped here', ({ bytes }) => bytes);
  new Gauge({
    name: 'vrouter_policy_disagreements',
    help: 'Packets that the kernel treats otherwise than policy says, as the self-check has found them',
    registers,
    collect() {
      this.set(disagreements());
    },
  });
}

const RULE_LABELS = ['tier', 'namespace', 'policy', 'rule', 'direction', 'verdict'] as const;
/** Rules that have series of their own; those beyond are counted together, so that no cluster floods its Prometheus. */
const MOST_RULES = 5000;
/** As which policy they are counted. */
const OTHERS = 'others';

/** Room for series: the first that come have it. */
class Room {
  readonly #most: number;
  readonly #known = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  has(labels: Readonly<Record<string, string>>): boolean {
    const name = Object.values(labels).join('\n');
    if (this.#known.size < this.#most) this.#known.add(name);
    return this.#known.has(name);
  }
}

function defineRuleMetrics(registers: Registry[], rules: () => Promise<readonly RuleSample[]>): void {
  let asked: Promise<readonly RuleSample[]> | undefined;
  const once = (): Promise<readonly RuleSample[]> => {
    asked ??= rules()
      .catch(() => [])
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
  new Counter({
    name: 'vrouter_policy_packets_total',
    help: `Packets that each rule has decided; of rules beyond ${MOST_RULES} together, as policy "others"`,
    labelNames: RULE_LABELS,
    registers,
    async collect() {
      this.reset();
      const own = new Room(MOST_RULES);
      for (const { packets, bytes: _, ...labels } of await once()) {
        const { direction, verdict } = labels;
        const others = { tier: '', namespace: '', policy: OTHERS, rule: '', direction, verdict };
        this.inc(own.has(labels) ? labels : others, packets);
      }
    },
  });
  new Counter({
    name: 'vrouter_policy_allowed_packets_total',
    help: 'Packets that rules of a policy have let through, of a connection the first',
    labelNames: LABELS,
    registers,
    async collect() {
      this.reset();
      const own = new Room(MOST_POLICIES);
      for (const { tier, policy, direction, verdict, packets } of await once()) {
        if (verdict !== 'allow') continue;
        const labels = { tier, policy, direction };
        this.inc(own.has(labels) ? labels : { tier: '', policy: OTHERS, direction }, packets);
      }
    },
  });
}
