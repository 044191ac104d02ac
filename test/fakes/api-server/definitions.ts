import { crdKinds, customResourceDefinition } from '../../../src/model/index.ts';
import { metadataFaults } from './metadata.ts';
import type { Admit } from './objects.ts';
import { Refusal } from './refusal.ts';
import { type Fault, faultsOf, type Schema, withDefaults } from './schema.ts';

/** A CustomResourceDefinition, as far as this server reads it. */
export interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Cluster' | 'Namespaced';
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
    };
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: Schema };
      readonly additionalPrinterColumns?: readonly {
        readonly name: string;
        readonly type: string;
        readonly jsonPath: string;
      }[];
    }[];
  };
}

/** Our definitions, by resource: `ippools.crd.projectcalico.org`. */
export const definitions: ReadonlyMap<string, Definition> = new Map(
  crdKinds
    .map((kind) => customResourceDefinition(kind) as unknown as Definition)
    .map((definition) => [definition.metadata.name, definition]),
);

/** Fills in defaults and refuses what breaks the schema or a rule, with 422. */
export const admitCustom: Admit = (place, object, before) => {
  const definition = definitions.get(place.resource);
  if (definition === undefined) return object;
  const { openAPIV3Schema: schema } = definition.spec.versions[0].schema;
  // Beside the object's own fields only those that the definition names are kept.
  const known = Object.entries(object).filter(([name]) => name in (schema.properties ?? {}));
  const filled = withDefaults(schema, Object.fromEntries(known)) as Record<string, unknown>;
  const { name = '' } = object['metadata'] as { readonly name?: string };
  const { kind } = definition.spec.names;
  const faults = [
    ...kindFaults(kind, object['kind']),
    ...metadataFaults(object['metadata'] as object as Readonly<Record<string, unknown>>),
    ...faultsOf(schema, filled, before),
  ];
  if (faults.length === 0) return filled;
  const { group } = definition.spec;
  const causes = faults.map(({ field, reason, message }) => ({ reason: `FieldValue${reason}`, field, message }));
  const said = faults.map(({ field, message }) => `${field}: ${message}`);
  const message = `${kind}.${group} "${name}" is invalid: ${said.length === 1 ? said[0] : `[${said.join(', ')}]`}`;
  throw new Refusal(422, 'Invalid', message, { name, group, kind, causes });
};

/** A test that writes past HTTP need not say the kind. */
function kindFaults(kind: string, said: unknown): readonly Fault[] {
  if (said === undefined || said === kind) return [];
  return [{ field: 'kind', reason: 'Invalid', message: `Invalid value: ${JSON.stringify(said)}: must be ${kind}` }];
}
