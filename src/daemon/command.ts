import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, CommanderError } from 'commander';
import { formatIpv4, type Log, reasonOf, systemClock, VRouterError } from '../base/index.ts';
import { type DatastoreConfig, openStore, readDatastoreConfig } from '../datastore/index.ts';
import { openKernel } from '../netlink/index.ts';
import { openNft } from '../nftables/index.ts';
import { createLog } from '../observe/index.ts';
import { type DaemonConfig, readConfig, SETTINGS } from './config.ts';
import { Daemon } from './daemon.ts';

export interface DaemonIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(event: string, listener: () => void): unknown;
}

interface Flags {
  readonly config?: string;
  readonly check?: boolean;
  readonly set: readonly string[];
  readonly nodename?: string;
  readonly ip?: string;
  readonly as?: string;
  readonly logLevel?: string;
}

/** `vrouter daemon`: resolves with the exit code once the daemon has ended. */
export async function runDaemon(args: readonly string[], io: DaemonIo): Promise<number> {
  let config: DaemonConfig;
  let datastore: DatastoreConfig;
  let flags: Flags;
  try {
    flags = parseFlags(args, io);
    config = await readConfig(io.env, overrides(flags), flags.config);
    datastore = await datastoreConfig(io.env);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    io.stderr.write(`vrouter daemon: ${reasonOf(error)}\n`);
    return 1;
  }
  if (flags.check) {
    io.stdout.write(`configuration is valid: node ${config.NODENAME}, datastore ${datastore.type}\n`);
    return 0;
  }
  const log = await createLog(config.FELIX_LOGSEVERITYSCREEN, { node: config.NODENAME });
  return run(config, datastore, log, io);
}

async function run(config: DaemonConfig, datastore: DatastoreConfig, log: Log, io: DaemonIo): Promise<number> {
  try {
    const clock = systemClock;
    const store = await openStore(datastore, { clock, log });
    const kernel = await openKernel({ log: log.child({ component: 'netlink' }) });
    const routerId = config.CALICO_ROUTER_ID === 'hash' ? hashedRouterId(config.NODENAME) : config.CALICO_ROUTER_ID;
    const daemon = new Daemon({
      config,
      store,
      datastoreType: datastore.type,
      kernel,
      nft: openNft({ log: log.child({ component: 'nft' }) }),
      clock,
      log,
      routerId,
    });
    const ended = untilSignal(io, log);
    await daemon.start();
    rememberNodename(config, log);
    const signal = await ended;
    await daemon.stop(signal);
    log.info({ signal }, 'stopped; routes stay as they are');
    return 0;
  } catch (error) {
    const known = error instanceof VRouterError;
    log.error(known ? { code: error.code } : { err: error }, `vrouter daemon can't go on: ${reasonOf(error)}`);
    return 1;
  }
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function untilSignal(io: DaemonIo, log: Log): Promise<string> {
  return new Promise((resolve) => {
    let signalled = false;
    for (const signal of ['SIGTERM', 'SIGINT']) {
      io.on(signal, () => {
        if (signalled) process.exit(1);
        signalled = true;
        log.info({ signal }, 'stopping');
        resolve(signal);
      });
    }
  });
}

function parseFlags(args: readonly string[], io: DaemonIo): Flags {
  const command = new Command('vrouter daemon')
    .description(
      'Runs the node. Settings have the names that they have in Calico, in the environment, in a file, or here.',
    )
    .option('--config <file>', 'YAML file of settings, a line each: NODENAME: node1')
    .option('--nodename <name>', 'NODENAME')
    .option('--ip <address>', 'IP')
    .option('--as <number>', 'AS')
    .option('--log-level <level>', 'FELIX_LOGSEVERITYSCREEN')
    .option('--set <NAME=VALUE>', 'any other setting', (value: string, all: string[]) => [...all, value], [])
    .option('--check', 'check the settings and exit')
    .addHelpText(
      'after',
      `\nSettings:\n  ${SETTINGS.join('\n  ')}\n\nand DATASTORE_TYPE with the variables of calicoctl.`,
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  command.parse([...args], { from: 'user' });
  return command.opts<Flags>();
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

/** The CNI plugin of other versions, and our own next start, find the node's name here. */
function rememberNodename(config: DaemonConfig, log: Log): void {
  if (config.CALICO_NODENAME_FILE === '') return;
  try {
    mkdirSync(dirname(config.CALICO_NODENAME_FILE), { recursive: true });
    writeFileSync(config.CALICO_NODENAME_FILE, config.NODENAME);
  } catch (error) {
    log.warn({ file: config.CALICO_NODENAME_FILE, err: reasonOf(error) }, "the node's name could not be written down");
  }
}

/** Calico's rule for nodes without IPv4: four octets of SHA-256, the first lowered by 32 if above 223. */
export function hashedRouterId(nodename: string): string {
  const digest = createHash('sha256').update(nodename).digest();
  const first = digest[0] > 223 ? digest[0] - 32 : digest[0];
  return formatIpv4(((first << 24) | (digest[1] << 16) | (digest[2] << 8) | digest[3]) >>> 0);
}
