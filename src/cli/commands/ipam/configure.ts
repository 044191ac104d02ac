import { Command } from 'commander';
import { reasonOf } from '../../../base/index.ts';
import type { Store } from '../../../datastore/index.ts';
import { type IPAMConfigurationSpec, newResource, validateAs } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { storeOptions } from '../options.ts';

interface ConfigureOptions extends StoreOptions {
  readonly strictaffinity?: string;
  readonly maxBlocksPerHost?: string;
  readonly kubevirtIpPersistence?: string;
  readonly ipCooldownSeconds?: string;
}

/** A setting as messages name it, and as the resource has it. */
interface Setting {
  readonly title: string;
  readonly field: keyof IPAMConfigurationSpec;
  readonly value: boolean | number | string;
}

export function configureCommand(io: Io): Command {
  return storeOptions(new Command('configure'))
    .description('Change the settings of IPAM.')
    .option('--strictaffinity <true/false>', 'when true, nodes do not borrow addresses from blocks of others')
    .option('--max-blocks-per-host <number>', 'how many blocks a node may have; 0 for the built-in limit')
    .option('--kubevirt-ip-persistence <Enabled|Disabled>', 'whether virtual machines keep their addresses')
    .option('--ip-cooldown-seconds <number>', 'how long a released address rests before it is given out again')
    .action(async (options: ConfigureOptions) => {
      const settings = settingsOf(options);
      if (settings.length === 0) throw new CommandError('at least one configuration option must be specified');
      await withStore(io, options, async ({ store }) => {
        await write(store, settings);
        for (const { title, value } of settings) io.stdout(`Successfully set ${title} to: ${value}\n`);
      });
    });
}

function settingsOf(options: ConfigureOptions): readonly Setting[] {
  const settings: Setting[] = [];
  const { strictaffinity, maxBlocksPerHost, kubevirtIpPersistence, ipCooldownSeconds } = options;
  if (strictaffinity !== undefined) {
    settings.push({ title: 'StrictAffinity', field: 'strictAffinity', value: truthOf(strictaffinity) });
  }
  if (maxBlocksPerHost !== undefined) {
    const value = numberOf(maxBlocksPerHost, 'invalid value for maxblockhost. Use a valid number');
    settings.push({ title: 'MaxBlocksPerHost', field: 'maxBlocksPerHost', value });
  }
  if (kubevirtIpPersistence !== undefined) {
    if (kubevirtIpPersistence !== 'Enabled' && kubevirtIpPersistence !== 'Disabled') {
      throw new CommandError('invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled');
    }
    const title = 'KubeVirtVMAddressPersistence';
    settings.push({ title, field: 'kubeVirtVMAddressPersistence', value: kubevirtIpPersistence });
  }
  if (ipCooldownSeconds !== undefined) {
    const value = numberOf(ipCooldownSeconds, 'invalid value for --ip-cooldown-seconds. Use a valid number');
    settings.push({ title: 'IPCooldownSeconds', field: 'ipCooldownSeconds', value });
  }
  return settings;
}

/** Reads a boolean as Go does. */
function truthOf(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new CommandError('invalid value. Use true or false to set strictaffinity');
}

function numberOf(text: string, message: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new CommandError(message);
  return Number(text);
}

async function write(store: Store, settings: readonly Setting[]): Promise<void> {
  try {
    const stored = await store.get({ kind: 'IPAMConfiguration', name: 'default' });
    const changes = Object.fromEntries(settings.map(({ field, value }) => [field, value]));
    const metadata = stored?.metadata ?? { name: 'default' };
    const spec = { strictAffinity: false, autoAllocateBlocks: true, ...stored?.spec, ...changes };
    const wanted = validateAs('IPAMConfiguration', newResource('IPAMConfiguration', metadata, spec));
    await (stored === undefined ? store.create(wanted) : store.update(wanted));
  } catch (error) {
    throw new CommandError(`error: ${reasonOf(error)}`, { cause: error });
  }
}
