import { CniError, cniErrors } from './errors.ts';

/** In order. */
export const SUPPORTED_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

const COMMANDS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'] as const;
export type Command = (typeof COMMANDS)[number];

/** The runtime's request, in the daemon's words. */
export interface CniInput {
  readonly command: Command;
  readonly request: {
    readonly containerId: string;
    readonly netns: string;
    /** Another path of it that the daemon can open, for one that is named after a process. */
    readonly named?: { readonly path: string; readonly inode: number } | undefined;
    readonly ifName: string;
    readonly args: Readonly<Record<string, string>>;
    readonly config: { readonly cniVersion: string; readonly name: string; readonly [key: string]: unknown };
  };
  /** GC: the attachments that are still in use. */
  readonly valid: readonly { containerId: string; ifName: string }[];
  /** The daemon's socket, when the configuration names another than the default. */
  readonly socket: string | undefined;
}

/**
 * Reads environment and stdin by the rules of the CNI specification. Written by hand, not with a schema library: this
 * process starts for every pod, and loading one would take longer than the work.
 */
export function readInput(env: Readonly<Record<string, string | undefined>>, stdin: string): CniInput {
  const command = COMMANDS.find((candidate) => candidate === env['CNI_COMMAND']);
  if (command === undefined) {
    const given = env['CNI_COMMAND'];
    throw new CniError(
      cniErrors.invalidEnvironment,
      given ? `unknown CNI_COMMAND: ${given}` : 'required env variables [CNI_COMMAND] missing',
    );
  }
  const config = readConfig(stdin);
  const since = SINCE[command];
  if (since !== undefined && SUPPORTED_VERSIONS.indexOf(config.cniVersion) < SUPPORTED_VERSIONS.indexOf(since)) {
    throw new CniError(cniErrors.incompatibleVersion, `config version ${config.cniVersion} does not allow ${command}`);
  }
  const needs = NEEDS[command].filter((name) => !env[name]);
  if (needs.length > 0) {
    throw new CniError(cniErrors.invalidEnvironment, `required env variables [${needs.join(',')}] missing`);
  }
  const ifName = env['CNI_IFNAME'] ?? 'eth0';
  if (ifName.length > 15 || /[/:\s]/.test(ifName) || ifName === '.' || ifName === '..') {
    throw new CniError(cniErrors.invalidEnvironment, `CNI_IFNAME '${ifName}' is not a valid interface name`);
  }
  const containerId = env['CNI_CONTAINERID'] ?? '';
  if (containerId !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerId)) {
    throw new CniError(cniErrors.invalidEnvironment, `CNI_CONTAINERID '${containerId}' has invalid characters`);
  }
  return {
    command,
    request: { containerId, netns: env['CNI_NETNS'] ?? '', ifName, args: readArgs(env['CNI_ARGS'] ?? ''), config },
    valid: command === 'GC' ? readAttachments(config) : [],
    socket: typeof config['vrouter_socket'] === 'string' ? config['vrouter_socket'] : undefined,
  };
}

const NEEDS: Readonly<Record<Command, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
};

/** Commands that earlier versions of the specification did not have. */
const SINCE: Partial<Readonly<Record<Command, string>>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

function readConfig(stdin: string): CniInput['request']['config'] {
  let config: unknown;
  try {
    config = JSON.parse(stdin);
  } catch (error) {
    throw new CniError(cniErrors.decoding, `the network configuration on stdin is not JSON: ${String(error)}`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new CniError(cniErrors.decoding, 'the network configuration on stdin must be a JSON object');
  }
  // A configuration from before there were versions has none.
  const { cniVersion: written, name } = config as Record<string, unknown>;
  const cniVersion = written === undefined || written === '' ? SUPPORTED_VERSIONS[0] : written;
  if (typeof cniVersion !== 'string' || !SUPPORTED_VERSIONS.includes(cniVersion)) {
    throw new CniError(
      cniErrors.incompatibleVersion,
      `incompatible CNI versions: config is ${JSON.stringify(cniVersion)}, plugin supports ${JSON.stringify(SUPPORTED_VERSIONS)}`,
    );
  }
  if (typeof name !== 'string' || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw new CniError(
      cniErrors.invalidConfig,
      `network name ${JSON.stringify(name ?? '')} is missing or has invalid characters`,
    );
  }
  return { ...config, cniVersion, name };
}

/** `K=V;K=V`: keys that we don't know are the runtime's business. */
function readArgs(text: string): Record<string, string> {
  const args: [string, string][] = [];
  for (const pair of text.split(';')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    if (at <= 0)
      throw new CniError(
        cniErrors.invalidEnvironment,
        `CNI_ARGS: invalid pair '${pair}': pairs are KEY=VALUE, with ; between`,
      );
    args.push([pair.slice(0, at), pair.slice(at + 1)]);
  }
  return Object.fromEntries(args);
}

function readAttachments(config: Readonly<Record<string, unknown>>): { containerId: string; ifName: string }[] {
  const listed = config['cni.dev/valid-attachments'];
  if (!Array.isArray(listed)) {
    throw new CniError(cniErrors.invalidConfig, 'GC needs cni.dev/valid-attachments in the network configuration');
  }
  return listed.map((entry: { containerID?: unknown; ifname?: unknown }) => ({
    containerId: String(entry.containerID),
    ifName: String(entry.ifname),
  }));
}
