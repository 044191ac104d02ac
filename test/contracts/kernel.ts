import t from 'tap';
import { layWire, type TwoNamespaces } from './kernel/ground.ts';
import { LINKS } from './kernel/links.ts';
import { LOST_LINKS } from './kernel/lost-links.ts';
import { NEWS } from './kernel/monitor.ts';
import { NEIGHBORS } from './kernel/neighbors.ts';
import { ROUTES } from './kernel/routes.ts';

export type { TwoNamespaces };

/** What every implementation of `Kernel` promises: each scenario is a sentence and what `ip` shows afterwards. */
const SCENARIOS = { ...LINKS, ...ROUTES, ...LOST_LINKS, ...NEIGHBORS, ...NEWS };

/** Runs every scenario against the kernel that `open` gives, each in two fresh namespaces. */
export async function kernelContract(name: string, open: () => Promise<TwoNamespaces>): Promise<void> {
  for (const [sentence, scenario] of Object.entries(SCENARIOS)) {
    await t.test(`${name}: ${sentence}`, async (t) => {
      const ground = await open();
      t.teardown(() => ground.close());
      await scenario({ ...ground, t, dev: () => layWire(ground) });
    });
  }
}
