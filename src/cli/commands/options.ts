import { type Command, InvalidArgumentError, Option } from 'commander';
import { defaultConfigFile } from '../../datastore/index.ts';
import { definitionOf, kindNames } from '../../model/index.ts';

/** The options that commands share; each returns the command, so that they chain. */

export function storeOptions(command: Command): Command {
  return versionOption(
    command
      .option('-c, --config <CONFIG>', 'file with the connection configuration, YAML or JSON', defaultConfigFile)
      .option('--context <context>', 'name of the kubeconfig context to use'),
  );
}

export function versionOption(command: Command): Command {
  return command.option('--allow-version-mismatch', 'work although client and cluster are of different versions');
}

export function namespaceOption(command: Command): Command {
  return command.option(
    '-n, --namespace <NS>',
    'namespace of the resource, for kinds that have one (default: "default")',
  );
}

export function fileOptions(command: Command, required: boolean): Command {
  const filename = new Option(
    '-f, --filename <FILENAME>',
    'file with the resources; "-" is stdin; of a directory, its .yaml, .yml and .json files',
  );
  return command
    .addOption(required ? filename.makeOptionMandatory() : filename)
    .option('-R, --recursive', 'with a directory: also the directories in it')
    .option('--skip-empty', 'files and directories without resources are no error');
}

/** Tells at the end of the help what kinds there are, each with its shortest other name. */
export function kindsHelp(command: Command): Command {
  const kinds = kindNames.filter((kind) => definitionOf(kind).aliases.length > 0);
  const lines = kinds.map((kind) => {
    const aliases = definitionOf(kind).aliases.toSorted((a, b) => a.length - b.length);
    return `  ${camelCase(kind).padEnd(32)}${aliases[0]}`;
  });
  return command.addHelpText(
    'after',
    `\nKinds, in any case, singular or plural, and the shortest name of each:\n${lines.join('\n')}`,
  );
}

/** `bgpConfiguration`, `ipPool`, `networkPolicy`: as Calico's manuals spell kinds on the command line. */
function camelCase(kind: string): string {
  return kind.replace(/^(BGP|IPAM|IP|[A-Z])/, (head) => head.toLowerCase());
}

/** An option's value in seconds, a day of them at most. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 86_400)) {
    throw new InvalidArgumentError('seconds are expected, a day of them at most');
  }
  return value;
}
