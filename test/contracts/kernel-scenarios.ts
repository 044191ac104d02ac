import t, { type Test } from 'tap';
import type { Kernel } from '../../src/netlink/index.ts';

export interface Ground {
  readonly t: Test;
  readonly kernel: Kernel;
}

/** What an implementation of `Kernel` promises, each a sentence and its proof. */
export type Scenarios = Readonly<Record<string, (ground: Ground) => Promise<void>>>;

/** Runs every scenario against the kernel that `open` gives, each in a fresh namespace. */
export async function runScenarios(
  name: string,
  scenarios: Scenarios,
  open: () => Promise<{ readonly kernel: Kernel; close(): void }>,
): Promise<void> {
  for (const [sentence, scenario] of Object.entries(scenarios)) {
    await t.test(`${name}: ${sentence}`, async (t) => {
      const { kernel, close } = await open();
      t.teardown(close);
      await scenario({ t, kernel });
    });
  }
}
