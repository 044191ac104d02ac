import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { tryParseAddress } from '../../../base/index.ts';
import { type DatastoreConfig, defaultConfigFile } from '../../../datastore/index.ts';
import { configOf } from '../../config.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { requireRoot } from '../root.ts';

interface RunOptions {
  readonly name?: string;
  readonly as?: string;
  readonly ip?: string;
  readonly ip6?: string;
  readonly ipAutodetectionMethod: string;
  readonly ip6AutodetectionMethod: string;
  readonly logDir: string;
  readonly nodeImage: string;
  readonly backend: string;
  readonly config: string;
  readonly felixConfig?: string;
  readonly defaultIppools: boolean;
  readonly dryrun?: boolean;
  readonly initSystem?: boolean;
}

const FIRST_FOUND = 'first-found';

export function runCommand(io: Io): Command {
  return new Command('run')
    .description('Start the node in a container of this machine.')
    .option('--name <NAME>', 'name of the node (default: the host name)')
    .option('--as <AS_NUM>', 'AS number of the node (default: that of the Node resource, or the global one)')
    .option('--ip <IP>', 'IPv4 address of the node, or "autodetect"')
    .option('--ip6 <IP6>', 'IPv6 address of the node, or "autodetect"')
    .option('--ip-autodetection-method <METHOD>', 'how the IPv4 address is found', FIRST_FOUND)
    .option('--ip6-autodetection-method <METHOD>', 'how the IPv6 address is found', FIRST_FOUND)
    .option('--log-dir <LOG_DIR>', 'directory for the logs', '/var/log/calico')
    .option('--node-image <DOCKER_IMAGE_NAME>', 'image of the node', 'vrouter:latest')
    .addOption(new Option('--backend <BACKEND>', 'what speaks BGP').choices(['bird', 'none']).default('bird'))
    .option('--dryrun', 'print the command instead of running it')
    .option('--init-system', 'stay attached, for a service of the init system')
    .option('--no-default-ippools', 'make no pools when there are none')
    .option('-c, --config <CONFIG>', 'file with the connection configuration, YAML or JSON', defaultConfigFile)
    .option('--felix-config <CONFIG>', 'file with the configuration of Felix')
    .action(async (options: RunOptions) => {
      check(options);
      const command = dockerCommand(options, await configOf(io, options), io.cwd);
      if (options.dryrun) io.stdout(dryRunText(command, options.initSystem ?? false));
      else await start(io, command, options.initSystem ?? false);
    });
}

function check({ ip, ip6, as, ipAutodetectionMethod, ip6AutodetectionMethod }: RunOptions): void {
  for (const [flag, text, family] of [
    ['--ip', ip, 4],
    ['--ip6', ip6, 6],
  ] as const) {
    if (text === undefined || text === 'autodetect') continue;
    const at = tryParseAddress(text.replace(/\/\d+$/, ''));
    if (at === undefined) throw new CommandError(`error executing command: invalid IP address specified: ${text}`);
    if (at.family !== family) throw new CommandError(`error executing command: ${flag} is wrong IP version`);
  }
  if (as !== undefined && !/^(\d{1,10}|\d{1,5}\.\d{1,5})$/.test(as)) {
    throw new CommandError(`error executing command: invalid AS number specified: ${as}`);
  }
  for (const method of [ipAutodetectionMethod, ip6AutodetectionMethod]) {
    if (/^(first-found|kubernetes-internal-ip|(can-reach|interface|skip-interface|cidr)=.+)$/.test(method)) continue;
    throw new CommandError(`error executing command: invalid IP autodetection method: ${method}`);
  }
}

/** Both are what `docker run` is told; a volume's path is the same inside, unless the second differs. */
type Settings = readonly (readonly [name: string, value: string])[];

/** The whole `docker run`, as words. */
function dockerCommand(options: RunOptions, datastore: DatastoreConfig, cwd: string): readonly string[] {
  const { name = hostname(), as, ip, ip6, felixConfig } = options;
  const store = storeSettings(datastore);
  const environment: Settings = [
    ['NODENAME', name],
    ['CALICO_NETWORKING_BACKEND', options.backend],
    ...(options.defaultIppools ? [] : [['NO_DEFAULT_POOLS', 'true'] as const]),
    ...given('IP_AUTODETECTION_METHOD', options.ipAutodetectionMethod, FIRST_FOUND),
    ...given('IP6_AUTODETECTION_METHOD', options.ip6AutodetectionMethod, FIRST_FOUND),
    ...given('AS', as),
    ...given('IP', ip),
    ...given('IP6', ip6),
    ...store.environment,
  ];
  const volumes: Settings = [
    [resolve(cwd, options.logDir), '/var/log/calico'],
    ['/var/run/calico', '/var/run/calico'],
    ['/var/lib/calico', '/var/lib/calico'],
    ['/lib/modules', '/lib/modules'],
    ['/run', '/run'],
    ...(felixConfig === undefined ? [] : [[resolve(cwd, felixConfig), '/etc/calico/felix.cfg'] as const]),
    ...store.volumes,
  ];
  return [
    ...['docker', 'run', '--net=host', '--privileged', '--name=calico-node'],
    ...(options.initSystem ? ['--rm'] : ['-d', '--restart=always']),
    ...environment.flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    ...volumes.flatMap(([outside, inside]) => ['-v', `${outside}:${inside}`]),
    options.nodeImage,
  ];
}

function given(name: string, value: string | undefined, usual?: string): Settings {
  return value === undefined || value === usual ? [] : [[name, value]];
}

function storeSettings(datastore: DatastoreConfig): { readonly environment: Settings; readonly volumes: Settings } {
  const type = ['DATASTORE_TYPE', datastore.type] as const;
  switch (datastore.type) {
    case 'etcdv3': {
      const { endpoints, username, password, key, cert, caCert } = datastore;
      const environment: Settings = [
        type,
        ['ETCD_ENDPOINTS', endpoints.join(',')],
        ...given('ETCD_USERNAME', username),
        ...given('ETCD_PASSWORD', password),
        ...given('ETCD_KEY', key),
        ...given('ETCD_CERT', cert),
        ...given('ETCD_CA_CERT', caCert),
      ];
      return { environment, volumes: [] };
    }
    case 'sqlite':
      return { environment: [type, ['SQLITE_PATH', datastore.path]], volumes: [] };
    case 'kubernetes': {
      const file = datastore.kubeconfig;
      if (file === undefined) return { environment: [type], volumes: [] };
      return { environment: [type, ['KUBECONFIG', file]], volumes: [[file, file]] };
    }
    case 'memory':
      throw new CommandError('error executing command: unsupported backend specified in config');
  }
}

function dryRunText(command: readonly string[], initSystem: boolean): string {
  const start = `Use the following command to start the calico/node container:\n\n${shellText(command)}\n\n`;
  const rest = initSystem
    ? 'Use the following command to stop the calico/node container:\n\ndocker stop calico-node\n\n'
    : 'If you are running calico/node in an init system, use the --init-system flag\n' +
      'to display the appropriate start and stop commands.\n';
  return start + rest;
}

async function start(io: Io, command: readonly string[], attached: boolean): Promise<void> {
  requireRoot(io);
  io.stdout('Removing old calico-node container (if running).\n');
  await io.exec('docker', ['rm', '-f', 'calico-node']);
  io.stdout(`Running the following command to start calico-node:\n\n${shellText(command)}\n\n`);
  io.stdout('Image may take a short time to download if it is not available locally.\n');
  const [program, ...args] = command;
  if (attached) {
    const code = await io.attach(program, args);
    if (code !== 0) throw new CommandError(`error executing command: exit status ${code}`);
    return;
  }
  const { code, output } = await io.exec(program, args);
  if (code !== 0) {
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => `\n | ${line}`);
    throw new CommandError(`error executing command: exit status ${code}${lines.join('')}`);
  }
  io.stdout('Calico node started successfully\n');
}

/** The command as one would type it. */
function shellText(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
