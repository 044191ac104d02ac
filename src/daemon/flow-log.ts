import { type Cancel, type Clock, type Log, reasonOf, VRouterError } from '../base/index.ts';
import type { Desired } from '../calc/index.ts';
import type { FlowsAnswer, FlowsRequest } from '../control/index.ts';
import type { FollowedConnections } from '../dataplane/index.ts';
import type { Kernel } from '../netlink/index.ts';
import type { World } from '../policy/index.ts';
import type { Drops } from './drops.ts';
import { FlowAccounting } from './flow-accounting.ts';
import type { OpenFlows } from './flow-questions.ts';
import { Tidings } from './tidings.ts';

/** Milliseconds that a question waits for news, and after the last one that follows until nobody does any more. */
const [PATIENCE, FOLLOWED] = [5000, 15_000];
/** Milliseconds until a kernel is asked again that refused, and its settings are looked at again. */
const RETRY = 60_000;

export interface FlowLogOptions {
  readonly kernel: Pick<Kernel, 'connectionEvents' | 'sysctl'>;
  readonly drops: Pick<Drops, 'hear'>;
  /** Has the kernel follow connections at all. */
  readonly followed: Pick<FollowedConnections, 'follow'>;
  readonly nodename: string;
  readonly world: () => World;
  readonly tierOf: (policy: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The counts of the log since the daemon started. */
export interface FlowFigures {
  readonly records: number;
  readonly evicted: number;
  readonly lost: number;
}

/**
 * The flow log: kept while FelixConfiguration says so (`flowLogsLocalReporter: Enabled`) or somebody follows. At all
 * other times the kernel is asked nothing, and there is no memory for it.
 */
export class FlowLog {
  readonly #options: FlowLogOptions;
  readonly #accounting: FlowAccounting;
  readonly #news: Tidings;
  #addresses: readonly string[] = [];
  #workloads: Desired['workloads'] | undefined;
  /** Whether the leftovers of a former run are removed, or taken over. */
  #hasBegun = false;
  #isWanted = false;
  #unfollowed: readonly string[] = [];
  #followed: Cancel | undefined;
  #open: OpenFlows | undefined;
  #turn: Promise<void> = Promise.resolve();
  #again: Cancel | undefined;
  #refusal: string | undefined;
  #isStopped = false;
  /** Of those that were closed. */
  #before: FlowFigures = { records: 0, evicted: 0, lost: 0 };

  constructor(options: FlowLogOptions) {
    this.#options = options;
    this.#accounting = new FlowAccounting(options.kernel);
    this.#news = new Tidings(options.clock);
  }

  /** Resolves when what was asked for is done. */
  get settled(): Promise<void> {
    return this.#turn;
  }

  get figures(): FlowFigures {
    const { records, evicted, lost } = this.#before;
    const ring = this.#open?.feed.ring;
    return {
      records: records + (ring?.last ?? 0),
      evicted: evicted + (ring?.evicted ?? 0),
      lost: lost + (this.#open?.feed.lost ?? 0),
    };
  }

  /** The gaps of the log, while it is kept. */
  problems(): readonly string[] {
    if (this.#refusal !== undefined) return [this.#refusal];
    return this.#open === undefined ? [] : [...this.#accounting.problems, ...this.#unfollowed];
  }

  /** Takes the desired state; the same again does nothing. */
  applied({ workloads, host }: Pick<Desired, 'workloads' | 'host'>): void {
    if (workloads !== this.#workloads) {
      this.#workloads = workloads;
      this.#addresses = workloads.flatMap(({ addresses }) => addresses.map((cidr) => cidr.slice(0, cidr.indexOf('/'))));
      this.#open?.feed.know(this.#addresses);
    }
    const isWanted = host.flowLog === true;
    if (!this.#hasBegun) void this.#options.followed.follow(isWanted);
    this.#hasBegun = true;
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    void this.#settle();
  }

  async answer(question: FlowsRequest): Promise<FlowsAnswer> {
    if (question.follow === true) await this.#follow();
    const open = this.#open;
    if (open === undefined) throw new VRouterError('FLOWS_OFF', this.#refusal ?? OFF);
    const { questions } = open;
    const now = questions.here(question);
    let answer = questions.answer(now);
    if (answer === undefined) {
      await this.#news.wait(PATIENCE);
      answer = questions.answer(now);
    }
    return { ...(answer ?? questions.nothing(now)), problems: [...this.problems()] };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#followed?.();
    this.#again?.();
    await this.#settle();
    this.#news.tell();
  }

  async #follow(): Promise<void> {
    this.#followed?.();
    this.#followed = this.#options.clock.after(FOLLOWED, () => {
      this.#followed = undefined;
      void this.#settle();
    });
    await this.#settle();
  }

  #settle(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#change());
    return this.#turn;
  }

  async #change(): Promise<void> {
    const { log, clock } = this.#options;
    const isNeeded = !this.#isStopped && (this.#isWanted || this.#followed !== undefined);
    this.#again?.();
    this.#again = undefined;
    try {
      if (isNeeded && this.#open === undefined) await this.#begin();
      if (isNeeded) await this.#accounting.look();
      if (!isNeeded && this.#open !== undefined) await this.#end(this.#open);
      this.#refusal = undefined;
    } catch (error) {
      this.#refusal = `flows: the log can not be kept: ${reasonOf(error)}`;
      log.warn({ err: reasonOf(error) }, 'the flow log can not be kept; trying again later');
    }
    if (isNeeded) this.#again = clock.after(RETRY, () => void this.#settle());
  }

  async #begin(): Promise<void> {
    const { nodename, world, tierOf, kernel, drops, clock, log } = this.#options;
    const failures = await this.#options.followed.follow(true);
    this.#unfollowed = failures.map(({ what, reason }) => `flows: connections may not be followed: ${what}: ${reason}`);
    const { openFlows } = await import('./flow-questions.ts');
    const open = await openFlows({ nodename, world, tierOf, kernel, drops, clock, news: () => this.#news.tell() });
    open.feed.know(this.#addresses);
    this.#open = open;
    log.info({}, 'flows are kept');
  }

  async #end({ feed }: OpenFlows): Promise<void> {
    this.#before = this.figures;
    this.#open = undefined;
    await feed.stop();
    await this.#options.followed.follow(false);
    await this.#accounting.restore();
    this.#options.log.info({}, 'flows are kept no more');
  }
}

const OFF =
  'the flow log is off: follow it with `vrouter flows -f`, or keep it with `calicoctl patch felixconfiguration default -p \'{"spec":{"flowLogsLocalReporter":"Enabled"}}\'`';
