import { readFile, rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { reasonOf } from '../../base/index.ts';
import { exportLines, importResources, readExport } from '../../datastore/index.ts';
import type { ConfigOptions } from '../config.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { open } from '../session.ts';

interface Options extends ConfigOptions {
  readonly filename: string;
  readonly replace?: boolean;
}

/** `vrouter datastore`: all that a store holds, IPAM included, from one engine to another. */
export function transferCommand(io: Io): Command {
  const root = new Command('vrouter datastore').description(
    'Copy all that a datastore holds, addresses included, between sqlite, etcd and Kubernetes.',
  );
  root
    .command('export')
    .description('Write everything to a file. Nobody should be writing to the datastore meanwhile.')
    .option('-f, --filename <file>', "where to; '-' is standard output", '-')
    .option('-c, --config <file>', 'how to reach the datastore, as for calicoctl')
    .addHelpText('after', '\nExit code: 0 it is written, 1 it is not, 2 wrong usage.')
    .action((options: Options) => exportAll(io, options));
  root
    .command('import')
    .description('Read what export wrote. Doing it again changes nothing, so what was interrupted is simply repeated.')
    .requiredOption('-f, --filename <file>', "where from; '-' is standard input")
    .option('-c, --config <file>', 'how to reach the datastore, as for calicoctl')
    .option('--replace', 'replace what is there and differs', false)
    .addHelpText('after', '\nExit code: 0 all is there, 1 it is not, 2 wrong usage.')
    .action((options: Options) => importAll(io, options));
  return root;
}

async function exportAll(io: Io, options: Options): Promise<void> {
  const store = await open(io, options);
  try {
    const lines: string[] = [];
    for await (const line of exportLines(store)) lines.push(`${line}\n`);
    if (options.filename === '-') return io.stdout(lines.join(''));
    // Under another name first: a torn file never looks like an export.
    const path = resolve(io.cwd, options.filename);
    await writeFile(`${path}.tmp`, lines.join(''), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
    io.stdout(`Exported ${lines.length - 2} resources to ${options.filename}\n`);
  } finally {
    await store.close();
  }
}

async function importAll(io: Io, options: Options): Promise<void> {
  const resources = readExport(await source(io, options.filename));
  const store = await open(io, options);
  try {
    const { created, unchanged, different, unsupported } = await importResources(store, resources, options);
    const verb = options.replace ? 'replaced' : 'left as they are, since they differ';
    io.stdout(`${created} created, ${unchanged} already there, ${different.length} ${verb}\n`);
    for (const key of different) io.stdout(`  ${key}\n`);
    for (const key of unsupported) io.stdout(`  ${key}: this datastore takes it from elsewhere\n`);
  } finally {
    await store.close();
  }
}

async function source(io: Io, filename: string): Promise<string> {
  if (filename === '-') return io.stdin();
  try {
    return await readFile(resolve(io.cwd, filename), 'utf8');
  } catch (error) {
    throw new CommandError(`import: ${reasonOf(error)}`, { cause: error });
  }
}
