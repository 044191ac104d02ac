import { KernelError, type KernelEvent, type Monitor, type MonitorOptions } from '../../src/netlink/index.ts';
import { passes } from './fake-monitor.ts';
import { FakeNamespace, refuse } from './fake-namespace.ts';
import { FakeKernel } from './fake-namespace-kernel.ts';
import type { FakeVerb, Injected } from './fake-verbs.ts';

export { FakeKernel };

interface Listening {
  readonly namespace: FakeNamespace;
  readonly listener: (event: KernelEvent) => void;
  readonly options: MonitorOptions;
  readonly owner: FakeKernel;
}

/**
 * A machine in memory: namespaces by path, veth pairs between them, and a kernel that keeps and refuses what a real one
 * would. `failOnce` makes one later call fail, for sweeps in which every single call fails once; `calls` counts them.
 */
export class FakeMachine {
  readonly #namespaces = new Map<string, FakeNamespace>();
  readonly #failures: Injected[] = [];
  readonly #listening = new Set<Listening>();
  /** Kinds of link that this kernel has no module for. */
  readonly missingKinds = new Set<string>();
  /** Every call so far, in order, for sweeps and for "made no change" assertions. */
  readonly calls: FakeVerb[] = [];

  /** The `after`-th call from now on of the verb (of any verb, by default) fails with the errno, once. */
  failOnce(options: { readonly verb?: FakeVerb; readonly after?: number; readonly code?: string } = {}): void {
    this.#failures.push({ verb: options.verb ?? 'any', after: options.after ?? 0, code: options.code ?? 'EBUSY' });
  }

  /** Nothing is written any more after so many writes from now on, as when the process that writes has ended; undefined: it lives. */
  dieAfter(writes: number | undefined): void {
    this.#writesLeft = writes;
  }

  /** Whether it would have gone on. */
  get isDead(): boolean {
    return this.#writesLeft !== undefined && this.#writesLeft < 0;
  }

  /** Whether every failure that was asked for has happened. */
  get allFailed(): boolean {
    return this.#failures.length === 0;
  }

  addNamespace(path: string): void {
    this.#namespaces.set(path, new FakeNamespace(path, (from, event) => this.#broadcast(from, event)));
  }

  /** Removes a namespace with all that is in it; veth peers elsewhere go too. */
  removeNamespace(path: string): void {
    const namespace = this.namespace(path);
    for (const link of [...namespace.links]) link.peer?.namespace.removeLink(link.peer.link);
    this.#namespaces.delete(path);
  }

  namespace(path: string): FakeNamespace {
    return this.#namespaces.get(path) ?? refuse('ENOENT', `network namespace ${path}`, 'cannot be opened');
  }

  kernel(path: string): FakeKernel {
    return new FakeKernel(this, this.namespace(path));
  }

  /** Tells every monitor of the namespace that it has missed something. */
  overflow(path: string): void {
    this.#broadcast(this.namespace(path), { kind: 'resync' });
  }

  /** For the fake kernel: notes the call, and throws if it is to fail. */
  enter(verb: FakeVerb): void {
    this.calls.push(verb);
    if (this.#writesLeft !== undefined && /Add|Replace|Delete|Set$/.test(verb) && --this.#writesLeft < 0)
      throw new KernelError('EIO', verb, 'it has ended');
    for (const failure of this.#failures) {
      if (failure.verb !== 'any' && failure.verb !== verb) continue;
      if (failure.after-- > 0) continue;
      this.#failures.splice(this.#failures.indexOf(failure), 1);
      throw new KernelError(failure.code, verb, 'made to fail');
    }
  }

  listen(listening: Listening): Monitor {
    this.#listening.add(listening);
    return { stop: () => this.#listening.delete(listening) };
  }

  #author: FakeKernel | undefined;
  #writesLeft: number | undefined;

  /** Events of routes and queueing that happen inside `work` count as the kernel object's own. */
  as<T>(author: FakeKernel, work: () => T): T {
    this.#author = author;
    try {
      return work();
    } finally {
      this.#author = undefined;
    }
  }

  #broadcast(namespace: FakeNamespace, event: KernelEvent): void {
    for (const listening of this.#listening) {
      if (listening.namespace !== namespace || !passes(listening.options, event, this.#author === listening.owner))
        continue;
      queueMicrotask(() => this.#listening.has(listening) && listening.listener(event));
    }
  }
}
