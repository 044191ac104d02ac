import { type Log, reasonOf, systemClock, VRouterError, within } from '../base/index.ts';
import { type DatastoreConfig, openStore, readDatastoreConfig, refuseUnusable } from '../datastore/index.ts';
import { leave, openKernel } from '../netlink/index.ts';
import { openNft, openRulesets } from '../nftables/index.ts';
import { createLog } from '../observe/index.ts';
import { requireCapabilities } from './capabilities.ts';
import { type DaemonConfig, readConfig } from './config.ts';
import { Daemon } from './daemon.ts';
import { felixEnvironmentProblems } from './felix-environment.ts';
import type { Flags } from './flags.ts';
import { ownPlace } from './node-sites.ts';
import { startFailure } from './start-failure.ts';
import { type Supervisor, supervisorOf } from './supervisor.ts';

export interface DaemonIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(event: string, listener: () => void): unknown;
}

const NO_FLAGS: Flags = { set: [] };

/** `vrouter daemon`: resolves with the exit code once the daemon has ended. */
export async function runDaemon(args: readonly string[], io: DaemonIo): Promise<number> {
  let config: DaemonConfig;
  let datastore: DatastoreConfig;
  let flags: Flags;
  try {
    // An ordinary node has its settings from elsewhere, and does without the parser.
    const given = args.length === 0 ? NO_FLAGS : (await import('./flags.ts')).parseFlags(args, io);
    if (typeof given === 'number') return given;
    flags = given;
    config = await readConfig(io.env, overrides(flags), flags.config);
    datastore = await datastoreConfig(io.env);
    await ownPlace(config);
    if (flags.check) await refuseUnusable(datastore);
  } catch (error) {
    io.stderr.write(`vrouter daemon: ${reasonOf(error)}\n`);
    return 1;
  }
  if (flags.check) {
    for (const problem of felixEnvironmentProblems(io.env)) io.stderr.write(`vrouter daemon: ${problem}\n`);
    io.stdout.write(`configuration is valid: node ${config.NODENAME}, datastore ${datastore.type}\n`);
    return 0;
  }
  const log = await createLog(config.FELIX_LOGSEVERITYSCREEN, { node: config.NODENAME });
  return run(config, datastore, log, io);
}

/** How long an orderly end may take, in milliseconds: somebody who waits for the datastore must not outlive a SIGTERM. */
const PATIENCE = 5000;

async function run(config: DaemonConfig, datastore: DatastoreConfig, log: Log, io: DaemonIo): Promise<number> {
  const ended = untilSignal(io, log);
  const supervisor = await supervisorOf(io.env, { clock: systemClock, log });
  let daemon: Daemon | undefined;
  /** Ends what was begun, in whatever state it is; rejects with why it can't begin. */
  const begin = async (): Promise<string> => {
    const settingProblems = felixEnvironmentProblems(io.env);
    for (const problem of settingProblems) log.warn({}, problem);
    daemon = await makeDaemon(config, datastore, log, supervisor, settingProblems);
    await daemon.start();
    return ended;
  };
  const end = async (reason: string): Promise<void> => {
    supervisor?.stopping(reason);
    const stopped = daemon
      ?.stop(reason)
      .catch((error) => log.warn({ err: reasonOf(error) }, 'the end was not orderly'));
    if (stopped === undefined || (await within(systemClock, PATIENCE, stopped))) return;
    log.warn({ afterSeconds: PATIENCE / 1000 }, 'something does not end by itself; it is left behind');
  };
  try {
    const signal = await Promise.race([begin(), ended]);
    await end(signal);
    log.info({ signal }, 'stopped; routes stay as they are');
    return 0;
  } catch (error) {
    const known = error instanceof VRouterError;
    log.error(known ? { code: error.code } : { err: error }, `vrouter daemon can't go on: ${startFailure(error)}`);
    await end('the start failed');
    return 1;
  }
}

async function makeDaemon(
  config: DaemonConfig,
  datastore: DatastoreConfig,
  log: Log,
  supervisor: Supervisor | undefined,
  settingProblems: readonly string[],
): Promise<Daemon> {
  requireCapabilities();
  const clock = systemClock;
  const kernel = await openKernel({ log: log.child({ component: 'netlink' }) });
  return new Daemon({
    config,
    store: await openStore(datastore, { clock, log, interfacePrefix: config.FELIX_INTERFACEPREFIX }),
    datastoreType: datastore.type,
    kernel,
    nft: openNft({ log: log.child({ component: 'nft' }) }),
    rulesets: openRulesets(),
    clock,
    log,
    ...(supervisor === undefined ? {} : { supervisor }),
    settingProblems,
  });
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function untilSignal(io: DaemonIo, log: Log): Promise<string> {
  return new Promise((resolve) => {
    let signalled = false;
    for (const signal of ['SIGTERM', 'SIGINT']) {
      io.on(signal, () => {
        if (signalled) leave(1);
        signalled = true;
        log.info({ signal }, 'stopping');
        resolve(signal);
      });
    }
  });
}

function overrides(flags: Flags): Record<string, string> {
  const given: Record<string, string> = {};
  for (const pair of flags.set) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new VRouterError('CONFIG', `--set '${pair}': expected NAME=VALUE`);
    given[pair.slice(0, at)] = pair.slice(at + 1);
  }
  if (flags.nodename !== undefined) given['NODENAME'] = flags.nodename;
  if (flags.ip !== undefined) given['IP'] = flags.ip;
  if (flags.as !== undefined) given['AS'] = flags.as;
  if (flags.logLevel !== undefined) given['FELIX_LOGSEVERITYSCREEN'] = flags.logLevel;
  return given;
}

/** The datastore's variables; when they say nothing: Kubernetes inside a pod, else the embedded one. */
function datastoreConfig(env: DaemonIo['env']): Promise<DatastoreConfig> {
  const silent = !env['DATASTORE_TYPE'] && !env['CALICO_DATASTORE_TYPE'];
  const chosen = silent && !env['KUBERNETES_SERVICE_HOST'] ? { ...env, DATASTORE_TYPE: 'sqlite' } : env;
  return readDatastoreConfig({ env: chosen, defaultFile: '/nonexistent' });
}
