import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { parseDuration, reasonOf } from '../../../base/index.ts';
import { audit, readAuditInput } from '../../../ipam/index.ts';
import { formatJson, kindNames } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { toYaml } from '../../printers/yaml.ts';
import type { Context } from '../../resources/context.ts';
import { asApiObject } from '../../resources/result.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { checkText } from '../ipam/check-text.ts';
import { storeOptions } from '../options.ts';
import { podLogs } from './pod-logs.ts';

interface DiagsOptions extends StoreOptions {
  readonly since?: string;
  readonly maxLogs: string;
  readonly maxParallelism: string;
  readonly focusNodes?: string;
  readonly skipTempDirCleanup?: boolean;
}

const ARCHIVE = 'calico-diagnostics.tar.gz';

export function clusterDiagsCommand(io: Io): Command {
  return storeOptions(new Command('diags'))
    .description('Collect what is needed to find out what is wrong with the cluster, in one archive.')
    .option('--since <SINCE>', 'logs no older than this (5s, 2m, 3h)')
    .option('--max-logs <MAXLOGS>', 'logs of at most so many pods of each kind', '5')
    .option('--max-parallelism <MAXPARALLELISM>', 'logs fetched at the same time', '10')
    .option('--focus-nodes <NODES>', 'the pods of these nodes first, separated by commas')
    .option('--skip-temp-dir-cleanup', 'keep what was collected beside the archive')
    .action(async (options: DiagsOptions) => {
      const [logs, parallel] = [
        numberOf('--max-logs', options.maxLogs),
        numberOf('--max-parallelism', options.maxParallelism),
      ];
      if (options.since !== undefined && parseDuration(options.since) === undefined) {
        throw new CommandError(`invalid duration for --since: ${options.since}`);
      }
      const directory = await mkdtemp(join(tmpdir(), 'calico-diagnostics-'));
      const collected = join(directory, 'calico-diagnostics');
      await mkdir(collected);
      io.stdout('==== Begin collecting diagnostics. ====\n');
      await withStore(io, { ...options, allowVersionMismatch: true }, (context) => collect(io, context, collected));
      const focus = options.focusNodes?.split(',') ?? [];
      await podLogs(io, join(collected, 'logs'), { since: options.since, logs, parallel, focus });
      io.stdout('==== Producing a diagnostics bundle. ====\n');
      const archive = resolve(io.cwd, ARCHIVE);
      const { code, output } = await io.exec('tar', ['-C', directory, '-zcf', archive, 'calico-diagnostics']);
      if (code !== 0) throw new CommandError(`error creating archive ${archive}: ${output.trim()}`);
      io.stdout(`Diagnostic bundle available at ${archive}\n`);
      if (options.skipTempDirCleanup) io.stdout(`Temporary files are kept in ${directory}\n`);
      else await rm(directory, { recursive: true });
    });
}

function numberOf(flag: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new CommandError(`invalid value for ${flag}: ${text} is not a number from 1 to 9999`);
  return Number(text);
}

/** All resources, a file for each kind, and what IPAM makes of itself. One kind that can't be read stops nothing. */
async function collect(io: Io, { store }: Context, directory: string): Promise<void> {
  for (const kind of kindNames) {
    io.stdout(`Collecting ${kind} resources\n`);
    const text = await store.list(kind).then(
      ({ items, revision }) => toYaml(asApiObject({ kind, items, revision })),
      (error: unknown) => `# ${reasonOf(error)}\n`,
    );
    await writeFile(join(directory, `${kind.toLowerCase()}.yaml`), text);
  }
  io.stdout('Checking IPAM\n');
  try {
    const input = await readAuditInput(store);
    const report = audit(input);
    const pools = (await store.list('IPPool')).items;
    await writeFile(
      join(directory, 'ipam-check.txt'),
      checkText(input, report, pools, { showAll: true, showProblems: true }),
    );
    await writeFile(join(directory, 'ipam-check.json'), `${formatJson(report, 2)}\n`);
  } catch (error) {
    io.stdout(`Failed to check IPAM: ${reasonOf(error)}\n`);
  }
}
