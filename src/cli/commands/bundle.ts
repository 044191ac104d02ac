import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import * as z from 'zod';
import { reasonOf } from '../../base/index.ts';
import { nodeStatusSchema } from '../../control/answers.ts';
import { type Request, request, socketPath } from '../../control/index.ts';
import { exportLines } from '../../datastore/index.ts';
import type { ConfigOptions } from '../config.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { timeStamp } from '../printers/since.ts';
import { redacted, redactedSettings } from '../redact.ts';
import { open } from '../session.ts';
import { requireRoot } from './root.ts';

interface BundleOptions extends ConfigOptions {
  readonly output?: string;
}

/** How one file of the bundle comes about. */
type Gather = () => Promise<string>;

/** `vrouter bundle`: one archive of everything that somebody needs who looks for a fault, and of nothing secret. */
export function bundleCommand(io: Io): Command {
  return new Command('vrouter bundle')
    .description(
      'Gather what support needs into one archive: status, routes, sessions, drops, metrics, settings, the kernel, all resources. Passwords, tokens and keys are left out. What can not be had is named in errors.txt.',
    )
    .option('-o, --output <file>', 'the archive; vrouter-bundle-NODE-TIME.tar.gz in this folder unless said')
    .option('-c, --config <file>', 'how to reach the datastore, as for calicoctl')
    .addHelpText('after', '\nExit code: 0 it is written, 1 it is not, 2 wrong usage.')
    .action(async (options: BundleOptions) => {
      requireRoot(io);
      if (options.output !== undefined) await mustHold(resolve(io.cwd, options.output));
      const folder = await mkdtemp(join(tmpdir(), 'vrouter-bundle-'));
      try {
        const name = `vrouter-bundle-${await nodename(io)}-${timeStamp(io.clock.wallTime())}`;
        await mkdir(join(folder, name));
        const missing = await gather(files(io, options), join(folder, name));
        const archive = resolve(io.cwd, options.output ?? `${name}.tar.gz`);
        const { code, output } = await io.exec('tar', ['-czf', archive, '-C', folder, name]);
        if (code !== 0) throw new CommandError(`can't write ${archive}: ${output.trim()}`);
        io.stdout(`${archive}\n`);
        for (const line of missing) io.stderr(`left out: ${line}\n`);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}

/** Before all is gathered in vain. */
async function mustHold(archive: string): Promise<void> {
  const folder = dirname(archive);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new CommandError(`can't write ${archive}: there is no folder ${folder}`);
}

async function nodename(io: Io): Promise<string> {
  const status = await request(socketPath(io.env), { op: 'status' }, nodeStatusSchema).catch(() => undefined);
  return (status?.nodename ?? 'unknown').replaceAll(/[^\w.-]/g, '_');
}

/** Writes each file without what is secret; one that can't be had holds up no other. Answers with those. */
async function gather(all: Readonly<Record<string, Gather>>, folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const [file, make] of Object.entries(all)) {
    try {
      await writeFile(join(folder, file), redacted(await make()), { mode: 0o600 });
    } catch (error) {
      missing.push(`${file}: ${redacted(reasonOf(error))}`);
    }
  }
  if (missing.length > 0) await writeFile(join(folder, 'errors.txt'), missing.map((line) => `${line}\n`).join(''));
  return missing;
}

function files(io: Io, options: BundleOptions): Readonly<Record<string, Gather>> {
  const asked =
    (question: Request): Gather =>
    async () =>
      `${JSON.stringify(await request(socketPath(io.env), question, z.unknown()), undefined, 2)}\n`;
  const ran =
    (command: string, ...args: readonly string[]): Gather =>
    async () => {
      const { code, output } = await io.exec(command, args);
      if (code !== 0) throw new CommandError(`${command} ended with ${code}: ${output.trim().slice(0, 200)}`);
      return output;
    };
  return {
    'status.json': asked({ op: 'status' }),
    'routes.json': asked({ op: 'routes' }),
    'tunnels.json': asked({ op: 'tunnels' }),
    'endpoints.json': asked({ op: 'endpoints' }),
    'nat.json': asked({ op: 'nat' }),
    'egress.json': asked({ op: 'egress' }),
    'services.json': asked({ op: 'services' }),
    'bgp.json': asked({ op: 'bgp.peers' }),
    'drops.json': asked({ op: 'drops.counted' }),
    'settings.txt': async () => redactedSettings(await settingsOfDaemon(io)),
    'metrics.txt': async () => metrics(await settingsOfDaemon(io)),
    'kernel.txt': ran('uname', '-a'),
    'links.txt': ran('ip', '-details', '-statistics', 'link'),
    'addresses.txt': ran('ip', 'address'),
    'rules.txt': async () => `${await ran('ip', '-4', 'rule')()}${await ran('ip', '-6', 'rule')()}`,
    'kernel-routes-4.txt': ran('ip', '-4', 'route', 'show', 'table', 'all'),
    'kernel-routes-6.txt': ran('ip', '-6', 'route', 'show', 'table', 'all'),
    'neighbours.txt': ran('ip', 'neighbour'),
    'nftables.txt': ran('nft', 'list', 'ruleset'),
    'sysctls.txt': ran('sysctl', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.conf.all.rp_filter'),
    'resources.jsonl': () => resources(io, options),
  };
}

/** The settings that the running daemon was started with. */
async function settingsOfDaemon(io: Io): Promise<Readonly<Record<string, string>>> {
  const { pid } = await request(socketPath(io.env), { op: 'status' }, nodeStatusSchema);
  const text = await readFile(`/proc/${pid}/environ`, 'utf8');
  const pairs = text.split('\0').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    return at > 0 ? [[pair.slice(0, at), pair.slice(at + 1)]] : [];
  });
  return Object.fromEntries(pairs);
}

async function metrics(settings: Readonly<Record<string, string>>): Promise<string> {
  const port = settings['FELIX_HEALTHPORT'] ?? '9099';
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new CommandError(`the health page answers ${answer.status}`);
  return answer.text();
}

async function resources(io: Io, options: ConfigOptions): Promise<string> {
  const store = await open(io, options);
  try {
    const lines: string[] = [];
    for await (const line of exportLines(store)) lines.push(`${line}\n`);
    return lines.join('');
  } finally {
    await store.close();
  }
}
