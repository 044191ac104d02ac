import {
  API_VERSION,
  definitionOf,
  findKind,
  isKindName,
  type KindName,
  shown,
  withCommonNames,
} from '../../model/index.ts';
import { CommandError, FileError } from '../errors.ts';
import { decode } from '../go-types/index.ts';
import type { Io } from '../io.ts';
import { parseObjects, type RawObject } from '../manifest/documents.ts';
import { readSources, type SourceFile } from '../manifest/files.ts';
import type { Target } from './target.ts';

export interface FileOptions {
  readonly filename: string;
  readonly recursive?: boolean | undefined;
  readonly skipEmpty?: boolean | undefined;
}

/** All objects of the files that `-f` names, in their order. An empty file is an error unless `skipEmpty`. */
export async function targetsOfFiles(options: FileOptions, io: Io): Promise<readonly Target[]> {
  const sources = await readSources(options.filename, options.recursive ?? false, io);
  const targets = sources.flatMap((source) => {
    const found = targetsOf(source, sources.length > 1);
    if (found.length === 0 && !options.skipEmpty) {
      throw new CommandError(`No resources specified in file ${source.name}`);
    }
    return found;
  });
  if (targets.length === 0 && !options.skipEmpty) {
    throw new CommandError(`No resources specified in directory ${options.filename}`);
  }
  return targets;
}

/** All objects of a text. */
export function targetsOfText(text: string): readonly Target[] {
  return parseObjects(text).map(targetOf);
}

/** The targets that `KIND [NAME…]` names. Without a name: all of the kind. */
export function targetsOfArguments(kindText: string, names: readonly string[]): readonly Target[] {
  const kind = findKind(kindText);
  if (kind === undefined || definitionOf(kind).aliases.length === 0) {
    throw new CommandError(`resource type '${kindText}' is not supported`);
  }
  if (names.includes('')) throw new CommandError('resource name may not be empty');
  return (names.length === 0 ? [''] : names).map((name) => ({ kind, name }));
}

function targetsOf({ name, text }: SourceFile, nameFile: boolean): readonly Target[] {
  try {
    return targetsOfText(text);
  } catch (error) {
    if (!nameFile || !(error instanceof FileError)) throw error;
    throw new FileError(`${name}: ${error.message}`, { cause: error });
  }
}

function targetOf(written: RawObject): Target {
  const object = withCommonNames(written);
  const kind = kindOf(object);
  const raw = { metadata: {}, ...decode(kind, object) };
  const { name = '', namespace } = raw.metadata as { readonly name?: string; readonly namespace?: string };
  return { kind, name, namespace, raw };
}

function kindOf(raw: RawObject): KindName {
  const kind = String(raw['kind'] ?? '');
  const version = String(raw['apiVersion'] ?? '');
  if (isKindName(kind) && version === API_VERSION && definitionOf(kind).aliases.length > 0) return kind;
  throw new FileError(`unknown resource type (${shown(kind)}) and/or version (${shown(version)})`);
}
