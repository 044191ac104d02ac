import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Store } from '../../datastore/index.ts';
import { definitionOf } from '../../model/index.ts';
import { CommandError } from '../errors.ts';
import type { Io } from '../io.ts';
import { asApiObject, asTemplateObject, type Result } from '../resources/result.ts';
import type { NamespaceOptions } from '../resources/target.ts';
import type { CellContext } from './columns.ts';
import { renderTemplate } from './go-template/render.ts';
import { toJson } from './json.ts';
import { type TableOptions, toTables } from './table.ts';
import { toYaml } from './yaml.ts';

/** Turns what was read into text. The store is for what cells inherit from other resources. */
export type Printer = (results: readonly Result[], store: Store) => Promise<string>;

/** The printer that `--output` names; throws for one that there isn't. */
export async function outputOf(output: string, io: Io, options: NamespaceOptions): Promise<Printer> {
  const [format, value] = splitOnce(output, '=');
  const namespaces = options.allNamespaces === true || Boolean(options.namespace);
  switch (format) {
    case 'ps':
    case 'wide':
      return tables({ wide: format === 'wide', namespaces });
    case 'custom-columns':
      if (value === '') throw new CommandError('need to specify at least one column');
      return tables({ wide: false, namespaces: false, headings: value.toUpperCase().split(',') });
    case 'yaml':
    case 'yml':
      return async (results) => toYaml(single(results));
    case 'json':
      return async (results) => toJson(single(results));
    case 'name':
      return async (results) => results.map(names).join('');
    case 'go-template':
      if (value === '') throw new CommandError('need to specify a template');
      return async (results) => renderTemplate(value, results.map(asTemplateObject));
    case 'go-template-file': {
      if (value === '') throw new CommandError('need to specify a template file');
      const template = await readFile(resolve(io.cwd, value), 'utf8').catch((error: unknown) => {
        throw new CommandError(`open ${value}: no such file or directory`, { cause: error });
      });
      return async (results) => renderTemplate(template, results.map(asTemplateObject));
    }
    default:
      throw new CommandError(`unrecognized output format '${output}'`);
  }
}

function tables(options: TableOptions): Printer {
  return async (results, store) => toTables(results, options, await cellContext(results, options, store));
}

/** Asked for only where a cell needs it: who may list nodes may not be allowed to read the configuration. */
async function cellContext(results: readonly Result[], options: TableOptions, store: Store): Promise<CellContext> {
  const needed = results.some(({ kind }) => kind === 'Node') && (options.wide || options.headings?.includes('ASN'));
  if (!needed) return { defaultAsNumber: '64512' };
  try {
    const configuration = await store.get({ kind: 'BGPConfiguration', name: 'default' });
    return { defaultAsNumber: String(configuration?.spec.asNumber ?? 64512) };
  } catch {
    return { defaultAsNumber: 'unknown' };
  }
}

/** One result alone, several as an array, none as null. */
function single(results: readonly Result[]): unknown {
  const objects = results.map(asApiObject);
  return objects.length > 1 ? objects : (objects[0] ?? null);
}

function names({ kind, items }: Result): string {
  const { plural } = definitionOf(kind);
  return items.map(({ metadata }) => `${plural}.projectcalico.org/${metadata.name}\n`).join('');
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)];
}
