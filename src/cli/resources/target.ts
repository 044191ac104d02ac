import { definitionOf, type KindName } from '../../model/index.ts';
import { CommandError } from '../errors.ts';
import type { RawObject } from '../manifest/documents.ts';

/** The target of a command: an object of a file, or what its arguments name. No name: all of the kind. */
export interface Target {
  readonly kind: KindName;
  readonly name: string;
  readonly namespace?: string | undefined;
  /** The object as the file has it; absent when the command line names it. */
  readonly raw?: RawObject | undefined;
}

export interface NamespaceOptions {
  readonly namespace?: string | undefined;
  readonly allNamespaces?: boolean | undefined;
}

/**
 * The namespace that a target is in: its own, or that of `--namespace`, or `default`; none with `--all-namespaces`.
 * Throws when they contradict each other, or the kind has no namespaces.
 */
export function namespaceOf(target: Target, options: NamespaceOptions): string | undefined {
  const own = target.namespace || undefined;
  const asked = options.namespace || undefined;
  if (!definitionOf(target.kind).namespaced) {
    if (own !== undefined) {
      throw new CommandError(
        'namespace should not be specified for a non-namespaced resource. ' +
          `${target.kind} is not a namespaced resource`,
      );
    }
    if (options.allNamespaces || asked !== undefined) throw new CommandError(`${target.kind} is not namespaced`);
    return undefined;
  }
  if (options.allNamespaces) {
    if (asked === undefined) return undefined;
    throw new CommandError('cannot use both --namespace and --all-namespaces flags at the same time');
  }
  if (own !== undefined && asked !== undefined && own !== asked) {
    throw new CommandError(`resource namespace does not match client namespace. ${own} != ${asked}`);
  }
  return own ?? asked ?? 'default';
}
