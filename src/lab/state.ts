import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { LabError } from './errors.ts';
import { parseJson } from './json.ts';
import { LAB_DIRECTORY, type LabPlan, planLab } from './plan.ts';

const nodeState = z.object({
  name: z.string(),
  namespace: z.string(),
  address: z.string(),
  address6: z.string().optional(),
  subnet: z.number(),
  socket: z.string(),
  log: z.string(),
});

const podState = z.object({
  name: z.string(),
  node: z.string(),
  namespace: z.string(),
  containerId: z.string(),
  /** Without the prefix length; absent until the plugin has answered. */
  address: z.string().optional(),
  /** In a dual-stack lab. */
  address6: z.string().optional(),
});

const labState = z.object({
  name: z.string(),
  /** The process that keeps the lab, with its start time so that a reused number is not taken for it. */
  owner: z.object({ pid: z.number(), started: z.string() }),
  nodes: z.array(nodeState),
  /** Places on the fabric without a daemon. */
  hosts: z.array(nodeState),
  pods: z.array(podState),
  /** Names of nodes that only pass routes on: they have no pods. */
  reflectors: z.array(z.string()).optional(),
  /** Of a fabric: the two ends of each, as `tor1a:eth2`. */
  cables: z.array(z.tuple([z.string(), z.string()])).optional(),
});

export type LabState = z.infer<typeof labState>;
export type PodState = z.infer<typeof podState>;

/**
 * The record of all that a lab has made, on disk. Everything is written down before it is made, so that whoever comes
 * after a lab that was killed finds all there is to remove, and perhaps some that never came to be.
 */
export class LabRecord {
  readonly plan: LabPlan;
  #state: LabState;
  #writing: Promise<void> = Promise.resolve();

  constructor(plan: LabPlan, state: LabState) {
    this.plan = plan;
    this.#state = state;
  }

  get state(): LabState {
    return this.#state;
  }

  /** Changes the state; resolves when it is on disk. */
  change(step: (state: LabState) => LabState): Promise<void> {
    this.#state = step(this.#state);
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    await mkdir(this.plan.directory, { recursive: true, mode: 0o755 });
    const path = stateFile(this.plan);
    await writeFile(`${path}.new`, `${JSON.stringify(this.#state, null, 2)}\n`);
    await rename(`${path}.new`, path);
  }
}

export async function readRecord(name: string): Promise<LabRecord | undefined> {
  const plan = planLab(name);
  const text = await readFile(stateFile(plan), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state = labState.safeParse(parseJson(text));
  if (!state.success) {
    throw new LabError(
      'NO_LAB',
      `${stateFile(plan)} is not a lab's record: ${state.error.message}; if no lab is up, remove it`,
    );
  }
  return new LabRecord(plan, state.data);
}

/** As `readRecord`, for commands that need the lab to be there. */
export async function mustReadRecord(name: string): Promise<LabRecord> {
  const record = await readRecord(name);
  if (record !== undefined) return record;
  const others = await listLabs();
  const hint = others.length === 0 ? 'start one with: vrouter lab up' : `there are: ${others.join(', ')}`;
  throw new LabError('NO_LAB', `there is no lab '${name}'; ${hint}`);
}

export async function listLabs(): Promise<readonly string[]> {
  return readdir(LAB_DIRECTORY).catch(() => []);
}

export async function eraseRecord(plan: LabPlan): Promise<void> {
  await rm(plan.directory, { recursive: true, force: true });
}

/** When the process started, in the kernel's ticks since boot; undefined if there is none. */
export async function processStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name in parentheses may hold spaces; field 22 is the 20th after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

export async function ownerIsAlive({ owner }: LabState): Promise<boolean> {
  return (await processStart(owner.pid)) === owner.started;
}

function stateFile(plan: LabPlan): string {
  return `${plan.directory}/lab.json`;
}
