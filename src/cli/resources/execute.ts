import { reasonOf } from '../../base/index.ts';
import { AlreadyExists, NotFound } from '../../datastore/index.ts';
import type { Writer } from './actions.ts';
import type { Context } from './context.ts';
import type { Result } from './result.ts';
import { type NamespaceOptions, namespaceOf, type Target } from './target.ts';

export interface ExecuteOptions extends NamespaceOptions {
  readonly skipExists?: boolean | undefined;
  readonly skipNotExists?: boolean | undefined;
  /** The rest is left alone after the first failure. */
  readonly stopAtFailure?: boolean;
}

export interface Outcome {
  readonly total: number;
  readonly results: readonly Result[];
  readonly failures: readonly string[];
  /** The kind of all targets; undefined when they are of several. */
  readonly kind: string | undefined;
}

/** Does one thing to each target in turn and collects what came of it. */
export function execute(
  context: Context,
  targets: readonly Target[],
  action: Writer,
  options: ExecuteOptions,
): Promise<Outcome> {
  return executeAlone(targets, (target) => action(context, target), options);
}

/** The same for what needs no store. */
export async function executeAlone(
  targets: readonly Target[],
  action: (target: Target) => Result | Promise<Result>,
  options: ExecuteOptions = {},
): Promise<Outcome> {
  const results: Result[] = [];
  const failures: string[] = [];
  for (const target of targets) {
    try {
      results.push(await action({ ...target, namespace: namespaceOf(target, options) }));
    } catch (error) {
      if (isSkipped(error, options)) {
        results.push({ kind: target.kind, items: [] });
        continue;
      }
      failures.push(reasonOf(error));
      if (options.stopAtFailure) break;
    }
  }
  const kinds = new Set(targets.map(({ kind }) => kind));
  return { total: targets.length, results, failures, kind: kinds.size === 1 ? targets[0].kind : undefined };
}

function isSkipped(error: unknown, { skipExists, skipNotExists }: ExecuteOptions): boolean {
  return (
    (skipExists === true && error instanceof AlreadyExists) || (skipNotExists === true && error instanceof NotFound)
  );
}
