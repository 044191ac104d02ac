import { Gauge, type Registry } from 'prom-client';

/** More refusals than this have one cause, and tell no more than these. */
const MOST = 100;

/** The kernel's refusals, each in its own words; one goes when the kernel has taken the thing after all. */
export function defineRefusals(
  registers: Registry[],
  refused: () => readonly { readonly what: string; readonly reason: string }[],
): void {
  new Gauge({
    name: 'vrouter_kernel_refused',
    help: `What the kernel refuses, and why: the first ${MOST}`,
    labelNames: ['what', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { what, reason } of refused().slice(0, MOST)) this.set({ what, reason }, 1);
    },
  });
}
