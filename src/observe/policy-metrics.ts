import { Counter, Gauge, type Registry } from 'prom-client';

/** How often one drop has dropped. */
export interface DropSample {
  readonly packets: number;
  readonly bytes: number;
  readonly direction?: string | undefined;
  readonly tier?: string | undefined;
  readonly policy?: string | undefined;
}

export interface PolicySamples {
  readonly drops: () => Promise<readonly DropSample[]>;
  /** Packets that the kernel treats otherwise than policy says. */
  readonly disagreements: () => number;
}

const LABELS = ['tier', 'policy', 'direction'] as const;

/** Drops by policy, and not by pod or rule: as many series as this node has policies that deny, and ends of tiers. */
export function definePolicyMetrics(registers: Registry[], { drops, disagreements }: PolicySamples): void {
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
        for (const sample of await once()) {
          const { tier = '', policy = '', direction = '' } = sample;
          this.inc({ tier, policy, direction }, of(sample));
        }
      },
    });
  };
  counter(
    'vrouter_policy_denied_packets_total',
    'Packets that policy has dropped here; without a policy: at the end of the tier, or by none',
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
