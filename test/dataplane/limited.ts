import type { Desired, DesiredLimits, DesiredQos } from '../../src/calc/index.ts';
import { Host, wanted } from './host.ts';

/** A bandwidth of 1 Mbit/s, with a burst of 10,000 octets. */
export const MBIT: DesiredLimits = { bandwidth: 1_000_000, burst: 80_000 };

export function qos(ingress: DesiredLimits, egress: DesiredLimits = {}, problems: readonly string[] = []): DesiredQos {
  return { ingress, egress, problems };
}

/** Pods by name, each with its limits. */
export function pods(limits: Readonly<Record<string, DesiredQos | undefined>>): Desired {
  const names = Object.keys(limits);
  const desired = wanted([], Object.fromEntries(names.map((name, at) => [name, `10.0.0.${at + 1}`])));
  const workloads = desired.workloads.map((workload, at) => {
    const its = limits[names[at]];
    return its === undefined ? workload : { ...workload, qos: its };
  });
  return { ...desired, workloads };
}

/** A fake machine with these pods. */
export async function host(...names: readonly string[]): Promise<Host> {
  const made = await Host.create();
  for (const [at, name] of names.entries()) await made.addPod(name, `10.0.0.${at + 1}`);
  return made;
}
