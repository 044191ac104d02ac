import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { versionOption } from '../options.ts';
import { requireRoot } from '../root.ts';
import { checkModules, isAtLeast, OLDEST_KERNEL, OPTIONAL_MODULES } from './system.ts';

export function checksystemCommand(io: Io): Command {
  return versionOption(new Command('checksystem'))
    .description('Check whether this machine can be a node.')
    .option('-f, --kernel-config <kernel-config>', 'file with the configuration of the kernel')
    .action(async (options: { readonly kernelConfig?: string }) => {
      requireRoot(io);
      const kernel = release();
      const recent = isAtLeast(kernel, OLDEST_KERNEL);
      io.stdout(`Checking kernel version...\n${resultLine(kernel, recent)}`);
      if (!recent) {
        io.stdout(`Minimum kernel version to run Calico is ${OLDEST_KERNEL}. Detected kernel version: ${kernel}\n`);
      }
      io.stdout('Checking kernel modules...\n');
      const config = options.kernelConfig === undefined ? undefined : resolve(io.cwd, options.kernelConfig);
      const modules = await checkModules(kernel, (path) => readFile(path).catch(() => undefined), config);
      for (const { module, found } of modules) {
        if (!found) io.stdout(`WARNING: ${warning(module)}\n`);
        io.stdout(resultLine(module, found));
      }
      if (!recent || modules.some(({ module, found }) => !found && !(module in OPTIONAL_MODULES))) {
        throw new CommandError("system doesn't meet one or more minimum systems requirements to run Calico");
      }
      io.stdout('System meets minimum system requirements to run Calico!\n');
    });
}

function warning(module: string): string {
  const mode = OPTIONAL_MODULES[module];
  if (mode === undefined) return `Unable to detect the ${module} module as Loaded/Builtin module or lsmod`;
  return `${mode} will be unavailable as ${module} kernel module is not found`;
}

function resultLine(what: string, good: boolean): string {
  return `\t\t${what.padEnd(20)}\t\t\t\t\t${good ? 'OK' : 'FAIL'}\n`;
}
