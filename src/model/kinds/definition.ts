import type * as z from 'zod';
import type { FieldError } from '../errors.ts';

/** The names that an object of a kind may have. */
export type NameRule =
  | 'subdomain'
  | 'label'
  | 'policy'
  | 'global policy'
  | 'any'
  | { readonly only: RegExp; readonly allowed: string };

/** All that vRouter knows of a kind. The one table of them is `registry.ts`. */
export interface KindDefinition<Kind extends string = string, Spec extends z.ZodType = z.ZodType> {
  readonly kind: Kind;
  /** As in URLs and etcd keys. */
  readonly plural: string;
  /** The names that calicoctl accepts, lower-case; the kind itself and its plural too. Empty: not for users. */
  readonly aliases: readonly string[];
  readonly namespaced: boolean;
  readonly name: NameRule;
  readonly spec: Spec;
  readonly status?: z.ZodType;
  /** Rules for writers that take more than the spec alone to judge. */
  readonly rules?: (name: string, spec: unknown) => readonly FieldError[];
  /**
   * Fields of the spec for readers who meet something that they don't understand: without one of them the object would
   * mean more than was meant (a peer of one node would be every node's), so it is left out. `all`: objects of programs,
   * whose parts mean nothing one by one.
   */
  readonly essential?: readonly string[] | 'all';
  /**
   * Fields of the spec that protect: one that a reader doesn't understand is not as if it had never been set, but named
   * in the resource's `unread`. Who acts on the object does without what would be unprotected.
   */
  readonly guards?: readonly string[];
  /**
   * The code that acts on objects of the kind reads their specs itself, and knows what holds instead of what it can't
   * read (a rule that can't be read denies): a spec that breaks the kind's rules is kept as it is stored.
   */
  readonly ownReader?: true;
  /**
   * Whether a spec is seen at a glance to be right, each field under its own name and in the form that it settles to, as
   * nearly all are of a kind that comes by the ten thousand: then nothing is to be read with a schema, and nothing copied. What
   * it says no to may be right all the same.
   */
  readonly plain?: (spec: Readonly<Record<string, unknown>>) => boolean;
  /** Labels that no object of the kind may have. */
  readonly foreignLabels?: readonly string[];
  /** Where the CRD differs from the API. */
  readonly crd?: { readonly kind: string; readonly plural: string };
}

export function defineKind<const Kind extends string, Spec extends z.ZodType>(
  definition: KindDefinition<Kind, Spec>,
): KindDefinition<Kind, Spec> {
  return definition;
}

/** A schema's value as code sees it: read-only, and without the index signature that lets unknown fields through. */
export type Known<T> = T extends readonly (infer Item)[]
  ? readonly Known<Item>[]
  : T extends object
    ? { readonly [K in keyof T as string extends K ? (unknown extends T[K] ? never : K) : K]: Known<T[K]> }
    : T;

export type SpecOf<Definition> = Definition extends KindDefinition<string, infer Spec> ? Known<z.output<Spec>> : never;

/** A spec in which these fields are certainly there. */
export type Present<Spec, Keys extends keyof Spec> = Omit<Spec, Keys> & {
  readonly [Key in Keys]-?: NonNullable<Spec[Key]>;
};

export const singleton: NameRule = { only: /^default$/, allowed: "'default'" };
