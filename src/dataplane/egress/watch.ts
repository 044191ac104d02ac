import type { Kernel, KernelEvent, Monitor } from '../../netlink/index.ts';

/** Hears what others do to the routes of some tables. */
export class TableWatch {
  readonly #kernel: Pick<Kernel, 'monitor'>;
  readonly #onChange: () => void;
  #tables: readonly number[] = [];
  #monitor: Monitor | undefined;

  constructor(kernel: Pick<Kernel, 'monitor'>, onChange: () => void) {
    this.#kernel = kernel;
    this.#onChange = onChange;
  }

  /** Follows these tables from now on: what happens there after it has resolved is heard. */
  async follow(tables: readonly number[]): Promise<void> {
    const routeTables = [...new Set(tables)].sort((a, b) => a - b);
    if (routeTables.join() === this.#tables.join()) return;
    const next =
      routeTables.length === 0
        ? undefined
        : await this.#kernel.monitor((event) => this.#heard(event), { ignoreOwnRoutes: true, routeTables });
    this.stop();
    this.#monitor = next;
    this.#tables = routeTables;
  }

  stop(): void {
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#tables = [];
  }

  #heard(event: KernelEvent): void {
    if (event.kind === 'resync' || event.kind === 'route') this.#onChange();
  }
}
