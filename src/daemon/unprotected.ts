import { type FelixSettings, unmetFields } from '../calc/index.ts';
import { keyText, type ResourceKey, type Update } from '../datastore/index.ts';
import type { ObjectProblem } from '../keeping/index.ts';

export interface UnprotectedOptions {
  readonly nodename: string;
  /** The settings in the environment that override FelixConfiguration. */
  readonly environment: FelixSettings;
}

/**
 * Settings that are stored to protect something and protect nothing: fields of settings that this version does not act
 * on (the table of `calc/effects`), and those that the environment goes before. Nobody who stores them may believe
 * otherwise.
 */
export class Unprotected {
  readonly #options: UnprotectedOptions;
  /** By the object's text: fields with their reasons. */
  readonly #fields = new Map<string, { readonly key: ResourceKey; readonly problems: readonly string[] }>();

  constructor(options: UnprotectedOptions) {
    this.#options = options;
  }

  /** Takes in a syncer's batch. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      if (!this.#isOurs(key)) continue;
      const text = keyText(key);
      const spec = (resource?.spec ?? {}) as object;
      const unmet = [...unmetFields(key.kind, spec), ...this.#outdone(key, spec)];
      const problems = unmet.map(({ field, why }) => `${text} ${field} has no effect: ${why}`);
      if (problems.length === 0) this.#fields.delete(text);
      else this.#fields.set(text, { key, problems });
    }
  }

  /** For the node's status. */
  problems(): readonly string[] {
    return [...this.#fields.values()].flatMap(({ problems }) => problems);
  }

  /** The same, for those who look at the objects. */
  remarks(): readonly ObjectProblem[] {
    return [...this.#fields.values()].flatMap(({ key: about, problems }) =>
      problems.map((message) => ({ about, reason: 'NotEnforced', message })),
    );
  }

  #outdone({ kind }: ResourceKey, spec: object): readonly { readonly field: string; readonly why: string }[] {
    if (kind !== 'FelixConfiguration') return [];
    return Object.entries(this.#options.environment).flatMap(([field, said]) => {
      const stored: unknown = Reflect.get(spec, field);
      if (stored === undefined || stored === said) return [];
      return [{ field, why: `FELIX_${field.toUpperCase()} in the daemon’s environment says ${said}` }];
    });
  }

  /** Objects of other nodes are theirs to tell of; one that nobody's name fits is everybody's. */
  #isOurs({ kind, name }: ResourceKey): boolean {
    const hasNodes = kind === 'FelixConfiguration' || kind === 'BGPConfiguration';
    return !hasNodes || !name.startsWith('node.') || name === `node.${this.#options.nodename}`;
  }
}
