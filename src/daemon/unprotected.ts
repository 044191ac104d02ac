import { few, type Log } from '../base/index.ts';
import { unmetFields } from '../calc/index.ts';
import { keyText, type ResourceKey, type Update } from '../datastore/index.ts';
import type { ObjectProblem } from '../keeping/index.ts';
import type { KindName } from '../model/index.ts';

/** Remarks beside objects: more of one kind help nobody. */
const MOST_REMARKS = 50;

/** What is to be enforced and is not, or not everywhere yet, whatever stands in it. */
const POLICIES = ['HostEndpoint'] as const satisfies readonly KindName[];

export interface UnprotectedOptions {
  readonly nodename: string;
  readonly log: Log;
}

/**
 * What is stored to protect something, and protects nothing in this version: host endpoints, and fields of settings (the table
 * of `calc/effects`). Nobody who stores them may believe otherwise.
 */
export class Unprotected {
  readonly #options: UnprotectedOptions;
  readonly #stored = new Map<KindName, Map<string, ResourceKey>>();
  /** By the object's text: fields with their reasons. */
  readonly #fields = new Map<string, { readonly key: ResourceKey; readonly problems: readonly string[] }>();
  #warned = false;

  constructor(options: UnprotectedOptions) {
    this.#options = options;
  }

  /** Takes in a syncer's batch; kinds that protect nothing are passed over. */
  apply(batch: readonly Update[]): void {
    for (const { key, resource } of batch) {
      const text = keyText(key);
      if (isPolicy(key)) {
        const known = this.#stored.get(key.kind) ?? new Map<string, ResourceKey>();
        if (resource === undefined) known.delete(text);
        else known.set(text, key);
        this.#stored.set(key.kind, known);
      } else if (this.#isOurs(key) || resource === undefined) {
        const unmet = resource === undefined ? [] : unmetFields(key.kind, resource.spec as object);
        const problems = unmet.map(({ field, why }) => `${text} ${field} has no effect: ${why}`);
        if (problems.length === 0) this.#fields.delete(text);
        else this.#fields.set(text, { key, problems });
      }
    }
    this.#warn();
  }

  /** For the node's status. */
  problems(): readonly string[] {
    return [...this.#policies(), ...[...this.#fields.values()].flatMap(({ problems }) => problems)];
  }

  /** The same, for those who look at the objects. */
  remarks(): readonly ObjectProblem[] {
    const policies = [...this.#stored.values()].flatMap((known) => [...known.values()].slice(0, MOST_REMARKS));
    const reason = 'NotEnforced';
    return [
      ...policies.map((about) => ({
        about,
        reason,
        message: `${keyText(about)} is stored, and enforced by no vRouter`,
      })),
      ...[...this.#fields.values()].flatMap(({ key: about, problems }) =>
        problems.map((message) => ({ about, reason, message })),
      ),
    ];
  }

  #policies(): readonly string[] {
    const counts = POLICIES.map((kind) => [this.#stored.get(kind)?.size ?? 0, kind] as const);
    const said = counts.flatMap(([count, kind]) => (count === 0 ? [] : [`${count} ${kind}`]));
    if (said.length === 0) return [];
    const names = few([...this.#stored.values()].flatMap((known) => [...known.keys()]));
    return [
      `stored, and NOT ENFORCED, since this version does not do so everywhere yet: ${said.join(', ')}${names === '' ? '' : ` (${names})`}. ` +
        'Everything that they should keep apart can reach each other: enforce them by another program, or delete them',
    ];
  }

  /** Objects of other nodes are theirs to tell of; one that nobody's name fits is everybody's. */
  #isOurs({ kind, name }: ResourceKey): boolean {
    const hasNodes = kind === 'FelixConfiguration' || kind === 'BGPConfiguration';
    return !hasNodes || !name.startsWith('node.') || name === `node.${this.#options.nodename}`;
  }

  /** In the log once, whenever there were none before. */
  #warn(): void {
    const [problem] = this.#policies();
    if (problem !== undefined && !this.#warned) this.#options.log.warn({}, problem);
    this.#warned = problem !== undefined;
  }
}

function isPolicy({ kind }: ResourceKey): boolean {
  return (POLICIES as readonly KindName[]).includes(kind);
}
