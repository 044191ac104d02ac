import type { Argument, Command, Option } from 'commander';
import { definitionOf, kindNames } from '../../model/index.ts';

/** The words that may stand in one place: fixed ones, or names of objects that exist now. */
export interface Position {
  readonly words: readonly string[];
  /** The question to `__names`. `of`: the names of the kind that the first argument gives. */
  readonly live?: string;
}

/** The words that may follow one command. */
export interface Words {
  /** The words that lead to it from the program's name: `datastore migrate lock`; none: the program itself. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
  /** Its arguments in order; the last one stands for all further ones where `isOpen`. */
  readonly places: readonly Position[];
  readonly isOpen: boolean;
  /** By an option that takes a value, each of its spellings: what the value may be. */
  readonly values: ReadonlyMap<string, Position>;
}

/** Placeholders of arguments and options that stand for something that is there, and what it is. */
const LIVE: Readonly<Record<string, string>> = {
  NAME: 'of',
  peer: 'peers',
  pod: 'pods',
  source: 'pods',
  destination: 'pods',
  node: 'nodes',
  code: 'explained',
  NODES: 'nodes',
  POOL_NAME: 'pools',
  NS: 'namespaces',
};

/** One entry for each command of the tree that is not hidden, the program itself first. */
export function completionWords(root: Command): readonly Words[] {
  const found: Words[] = [];
  const visit = (command: Command, path: readonly string[]): void => {
    const below = command.createHelp().visibleCommands(command);
    const options = command.createHelp().visibleOptions(command);
    const places = command.registeredArguments.map(placeOf);
    found.push({
      path: path.join(' '),
      commands: below.map((child) => child.name()).filter((name) => name !== 'help'),
      options: [...options.flatMap(spellings), ...(path.length === 0 || options.length > 0 ? [] : ['--help'])],
      places,
      isOpen: command.registeredArguments.at(-1)?.variadic ?? false,
      values: new Map(
        options
          .filter((option) => option.required || option.optional)
          .flatMap((option) => spellings(option).map((spelling) => [spelling, optionPlace(option)])),
      ),
    });
    for (const child of below) if (child.name() !== 'help') visit(child, [...path, child.name()]);
  };
  visit(root, []);
  return found;
}

function spellings({ long, short }: Option): readonly string[] {
  return [long, short].filter((flag) => flag != null);
}

function placeOf(argument: Argument): Position {
  if (argument.argChoices !== undefined) return { words: argument.argChoices };
  if (argument.name() === 'KIND') return { words: KINDS };
  return placeNamed(argument.name());
}

function optionPlace(option: Option): Position {
  if (option.argChoices !== undefined) return { words: option.argChoices };
  return placeNamed(/[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '');
}

function placeNamed(name: string): Position {
  const live = Object.hasOwn(LIVE, name) ? LIVE[name] : undefined;
  return live === undefined ? { words: [] } : { words: [], live };
}

/** The kinds as one types them. */
export const KINDS: readonly string[] = kindNames
  .filter((kind) => definitionOf(kind).aliases.length > 0)
  .map((kind) => kind.toLowerCase());

/** Every word that is read as a kind: `ippool`, `ippools`, `pool`. */
export function kindWords(): readonly string[] {
  return [...new Set(kindNames.flatMap((kind) => definitionOf(kind).aliases).concat(KINDS))].map((word) =>
    word.toLowerCase(),
  );
}
