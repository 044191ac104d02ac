import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { nodeStatusSchema } from '../control/answers.ts';
import { request, type StatusAnswer } from '../control/index.ts';
import { inNamespace } from './command.ts';
import { LabError } from './errors.ts';
import type { LabPlan, NodePlan } from './plan.ts';
import { nodeEnvironment, type Programs } from './program.ts';

const LAST_LINES = 15;

/** One node's `vrouter daemon`, a process of its own in the node's namespace. */
export class NodeDaemon {
  readonly #lab: LabPlan;
  readonly #node: NodePlan;
  readonly #programs: Programs;
  readonly #environment: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;

  constructor(lab: LabPlan, node: NodePlan, programs: Programs, environment: Readonly<Record<string, string>>) {
    this.#lab = lab;
    this.#node = node;
    this.#programs = programs;
    this.#environment = environment;
  }

  async start(): Promise<void> {
    const log = await open(this.#node.log, 'a');
    const [command, ...args] = inNamespace(this.#node.namespace, [...this.#programs.vrouter, 'daemon']);
    const child = spawn(command, args, {
      // Its own session, so that Ctrl-C reaches only the lab, which then ends the daemons in its own order.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: {
        PATH: process.env['PATH'],
        IP: this.#node.address,
        CALICO_NODENAME_FILE: `${this.#lab.directory}/${this.#node.name}.nodename`,
        CALICO_IPV4POOL_CIDR: '10.244.0.0/16',
        CALICO_IPV4POOL_IPIP: 'Never',
        CALICO_IPV4POOL_NAT_OUTGOING: 'false',
        ...(this.#node.address6 !== undefined && {
          IP6: this.#node.address6,
          CALICO_IPV6POOL_CIDR: 'fd00:10:244::/48',
        }),
        FELIX_PROMETHEUSMETRICSENABLED: 'true',
        FELIX_DEFAULTENDPOINTTOHOSTACTION: 'ACCEPT',
        ...nodeEnvironment(this.#lab, this.#node),
        ...this.#environment,
      },
    });
    this.#process = child;
    await log.close();
    child.on('error', () => {});
  }

  /** The daemon's status; rejects if it has ended, or does not answer yet. */
  async status(): Promise<StatusAnswer> {
    await this.#checkAlive();
    return request(this.#node.socket, { op: 'status' }, nodeStatusSchema);
  }

  /** Ends the daemon and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  async #checkAlive(): Promise<void> {
    const child = this.#process;
    if (child === undefined || (child.exitCode === null && child.signalCode === null)) return;
    const lines = (await readFile(this.#node.log, 'utf8')).trimEnd().split('\n').slice(-LAST_LINES);
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new LabError(
      'DAEMON_ENDED',
      `the daemon of ${this.#node.name} has ended (${how}); its last words:\n${lines.join('\n')}`,
    );
  }
}
