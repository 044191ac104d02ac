/**
 * cli: calicoctl, to the letter of Calico's.
 *
 *   argv → program (commander) → commands/ → manifest/ (files → targets) ┐
 *                                            arguments → targets         ┴→ resources/ (actions on the store) → printers/
 *
 * A command never touches the kernel: it reads and writes the store, or asks the daemon over its socket (`node
 * status`). All text that scripts may depend on (tables, YAML, messages) is in `printers/` and tested by the byte.
 * Failures are thrown; `endings` says what is printed of them, and the exit code.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { VERSION } from '../base/index.ts';
import { bgpCommand } from './commands/bgp.ts';
import { bundleCommand } from './commands/bundle.ts';
import { checkCommand } from './commands/check.ts';
import { drainCommand } from './commands/drain.ts';
import { dropsCommand } from './commands/drops.ts';
import { flowsCommand } from './commands/flows.ts';
import { ledgerCommand } from './commands/ledger.ts';
import { policyCommand } from './commands/policy.ts';
import { resyncCommand } from './commands/resync.ts';
import { statusCommand } from './commands/status.ts';
import type { TestStages } from './commands/test.ts';
import { timelineCommand } from './commands/timeline.ts';
import { transferCommand } from './commands/transfer.ts';
import { webCommand } from './commands/web.ts';
import { calicoEnding, ended, ownEnding } from './endings.ts';
import { type Io, processIo } from './io.ts';
import type { Whole } from './own-commands.ts';
import { prepared, program } from './program.ts';

export type { Io } from './io.ts';
export type { Whole } from './own-commands.ts';

/** Runs one command line (without the program's own name). What `io` leaves out is the process's own. */
export async function runCalicoctl(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  const world = { ...processIo(), ...io };
  const work = async (): Promise<number> => {
    const root = program(world);
    if (argv.length === 0) {
      world.stderr(root.helpInformation());
      return 1;
    }
    await root.parseAsync(argv.map(modern), { from: 'user' });
    return 0;
  };
  return ended(world, work, (error) => calicoEnding(error, argv));
}

/** `vrouter status`: as `calicoctl node status`, and what only vRouter's daemon knows. */
export function runStatus(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(statusCommand, argv, io);
}

/** `vrouter datastore export` and `import`: between engines. */
export function runDatastore(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(transferCommand, argv, io);
}

/** `vrouter web`: one page for the cluster. */
function runWeb(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(webCommand, argv, io);
}

/** `vrouter resync`: the daemon's full look at the kernel, on demand. */
export function runResync(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(resyncCommand, argv, io);
}

/** `vrouter drain`: traffic moves away before the node stops. */
export function runDrain(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(drainCommand, argv, io);
}

/** `vrouter policy`: what network policies say. */
export function runPolicy(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(policyCommand, argv, io, true);
}

/** `vrouter drops`: what policy has dropped here. */
export function runDrops(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(dropsCommand, argv, io);
}

/** `vrouter flows`: who talked to whom. */
export function runFlows(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(flowsCommand, argv, io);
}

/** `vrouter ledger`: who had an address. */
export function runLedger(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(ledgerCommand, argv, io);
}

/** `vrouter timeline`: what was done for a pod, and when. */
export function runTimeline(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(timelineCommand, argv, io);
}

/** `vrouter bgp`: sessions and routes. */
export function runBgp(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(bgpCommand, argv, io, true);
}

/** `vrouter bundle`: what support needs, in one archive. */
export function runBundle(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(bundleCommand, argv, io);
}

/** `vrouter check`: whether this host will do. */
export function runCheck(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  return runOwn(checkCommand, argv, io);
}

/** `vrouter explain`: what a code, a metric or an alert means. */
export async function runExplain(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  const { explainCommand } = await import('./commands/explain.ts');
  return runOwn(explainCommand, argv, io);
}

/** `vrouter test`: what pods reach, tried. */
export async function runTest(argv: readonly string[], stages: TestStages, io: Partial<Io> = {}): Promise<number> {
  const { testCommand } = await import('./commands/test.ts');
  return runOwn((world) => testCommand(world, stages), argv, io);
}

/** The hidden `__probe`: what runs in the pods of a test. */
export async function runPodProbe(argv: readonly string[]): Promise<number> {
  return (await import('./connectivity/agent/index.ts')).runProbe(argv, process);
}

/** `vrouter top`: the node at one screen. */
export async function runTopCommand(argv: readonly string[], io: Partial<Io> = {}): Promise<number> {
  const { topCommand } = await import('./commands/top.ts');
  return runOwn(topCommand, argv, io);
}

/** `vrouter completion`: what a shell is to be told. */
export async function runCompletion(argv: readonly string[], whole: Whole, io: Partial<Io> = {}): Promise<number> {
  const { completionCommand } = await import('./commands/completion.ts');
  const { wholeTree } = await import('./own-commands.ts');
  const make = (world: Io): Command =>
    completionCommand(world, () => wholeTree(world, whole)).name('vrouter completion');
  return runOwn(make, argv, io);
}

/** The hidden `__names`: what a shell offers at a key press, of what is there just now. */
export async function runNames([what = '']: readonly string[], io: Partial<Io> = {}): Promise<number> {
  await (await import('./completion/live-names.ts')).liveNames(what, { ...processIo(), ...io });
  return 0;
}

/** The hidden `__documents FOLDER`: manual pages and completion of both programs, as below `/usr/share`. */
export async function runDocuments([folder = '']: readonly string[], whole: Whole): Promise<number> {
  const io = processIo();
  const { documents } = await import('./manual/index.ts');
  const { wholeTree } = await import('./own-commands.ts');
  for (const file of [...documents(wholeTree(io, whole), 8, VERSION), ...documents(program(io), 1, VERSION)]) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.text);
  }
  return 0;
}

/** Those of these commands that take their words alone, by the word that follows `vrouter`. */
const verbs: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  ...{ datastore: runDatastore, status: runStatus, bgp: runBgp, policy: runPolicy, drops: runDrops, flows: runFlows },
  ...{ ledger: runLedger, timeline: runTimeline, web: runWeb, check: runCheck, bundle: runBundle, explain: runExplain },
  ...{ drain: runDrain, resync: runResync, top: runTopCommand, __probe: runPodProbe },
};

/** Runs one of them. */
export function runVerb(name: string, argv: readonly string[]): Promise<number> {
  return verbs[name](argv);
}

/** A command that Calico doesn't have. */
function runOwn(
  make: (io: Io) => Command,
  argv: readonly string[],
  io: Partial<Io>,
  isAnswer = false,
): Promise<number> {
  const world = { ...processIo(), ...io };
  const root = prepared(make(world), world, true);
  const work = async (): Promise<number> => {
    await root.parseAsync([...argv], { from: 'user' });
    return 0;
  };
  return ended(world, work, (error) => ownEnding(error, root, argv, isAnswer));
}

/** `-a` is the old name of `-A`. */
function modern(argument: string): string {
  return argument === '-a' ? '-A' : argument;
}
