import { Command } from 'commander';
import { parseAddress } from '../../../base/index.ts';
import { audit, Ipam, readAuditInput, type Usage } from '../../../ipam/index.ts';
import { effectiveIPAMConfiguration } from '../../../model/index.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { box } from '../../printers/box.ts';
import type { Context } from '../../resources/context.ts';
import { type StoreOptions, withStore } from '../../session.ts';
import { storeOptions } from '../options.ts';
import { addressOf } from './address.ts';
import { percentage, shortNumber } from './numbers.ts';

interface ShowOptions extends StoreOptions {
  readonly ip?: string;
  readonly showBlocks?: boolean;
  readonly showBorrowed?: boolean;
  readonly showConfiguration?: boolean;
}

export function showCommand(io: Io): Command {
  return storeOptions(new Command('show'))
    .description('Show how full the pools are, or whose an address is.')
    .option('--ip <IP>', 'whose this address is')
    .option('--show-blocks', 'the blocks of each pool too')
    .option('--show-borrowed', 'the addresses that nodes use out of blocks of others')
    .option('--show-configuration', 'the settings of IPAM')
    .action(async (options: ShowOptions) => {
      const at = options.ip === undefined ? undefined : addressOf(options.ip);
      await withStore(io, options, async (context) => {
        if (at !== undefined) io.stdout(await ownerText(context, at));
        else if (options.showBorrowed) io.stdout(await borrowedText(context));
        else if (options.showConfiguration) io.stdout(await configurationText(context));
        else io.stdout(await usageText(context, options.showBlocks ?? false));
      });
    });
}

async function ownerText({ store, clock }: Context, ip: string): Promise<string> {
  const owner = await new Ipam({ store, clock }).getAssignmentAttributes(parseAddress(ip));
  if (owner === undefined) return `${ip} is not assigned\n`;
  const { handleId, attributes, alternate } = owner;
  const active = attributeText('Active Owner Attributes', attributes) || 'No Active Owner attributes defined\n';
  const handle = `Handle ID: ${handleId ?? '<none>'}\n`;
  return `IP ${ip} is in use\n${handle}${active}${attributeText('Alternate Owner Attributes', alternate ?? {})}`;
}

function attributeText(title: string, attributes: Readonly<Record<string, string>>): string {
  const lines = Object.keys(attributes)
    .sort()
    .map((key) => `  ${key}: ${attributes[key]}\n`);
  return lines.length === 0 ? '' : `${title}:\n${lines.join('')}`;
}

async function usageText({ store, clock }: Context, withBlocks: boolean): Promise<string> {
  const pools = await new Ipam({ store, clock }).getUtilization();
  const rows = pools.flatMap((pool) => [
    // Blocks whose pool is gone stand alone.
    ...(pool.name === undefined ? [] : [usageRow('IP Pool', pool)]),
    ...(withBlocks ? pool.blocks.map((block) => usageRow('Block', block)) : []),
  ]);
  return box(['Grouping', 'CIDR', 'IPs total', 'IPs in use', 'IPs free'], rows);
}

function usageRow(grouping: string, { cidr, capacity, inUse, available }: Usage): readonly string[] {
  return [grouping, cidr, shortNumber(capacity), percentage(inUse, capacity), percentage(available, capacity)];
}

async function borrowedText({ store }: Context): Promise<string> {
  const input = await readAuditInput(store);
  const { allocations } = audit(input);
  const owners = new Map(input.blocks.map(({ spec }) => [spec.cidr, spec.affinity?.replace(/^[a-z]+:/, '') ?? '']));
  const rows = allocations
    .filter(({ borrowed }) => borrowed)
    .map(({ address, block, attributes }) => {
      const { node = '', namespace = '', pod, type = '', 'vmi-name': machine } = attributes;
      const [kind, name] = machine !== undefined ? ['vmi', machine] : pod !== undefined ? ['pod', pod] : [type, ''];
      return [address, node, block, owners.get(block) ?? '', kind, name === '' ? '' : `${namespace}/${name}`];
    });
  const unknown = allocations.filter(({ borrowed }) => borrowed === undefined).length;
  const table = box(['IP', 'Borrowing-Node', 'Block', 'Block Owner', 'Type', 'Allocated-To'], rows);
  if (unknown === 0) return table;
  return (
    `${table}\nNote: found ${unknown} IP allocations without an explicit node association. ` +
    'Unable to determine if they are borrowed.\n'
  );
}

async function configurationText({ store }: Context): Promise<string> {
  const stored = await store.get({ kind: 'IPAMConfiguration', name: 'default' }).catch((error: unknown) => {
    throw new CommandError(`error: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const settings = effectiveIPAMConfiguration(stored);
  return box(
    ['Property', 'Value'],
    [
      ['StrictAffinity', String(settings.strictAffinity)],
      ['AutoAllocateBlocks', String(settings.autoAllocateBlocks)],
      ['MaxBlocksPerHost', String(settings.maxBlocksPerHost)],
      ['KubeVirtVMAddressPersistence', JSON.stringify(settings.kubeVirtVMAddressPersistence)],
      ['IPCooldownSeconds', String(settings.ipCooldownSeconds)],
    ],
  );
}
