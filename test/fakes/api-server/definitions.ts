import { crdKinds, customResourceDefinition } from '../../../src/model/index.ts';
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
  const faults = [...nameFaults(name), ...faultsOf(schema, filled, before)];
  if (faults.length === 0) return filled;
  const { kind } = definition.spec.names;
  const { group } = definition.spec;
  const causes = faults.map(({ field, reason, message }) => ({ reason: `FieldValue${reason}`, field, message }));
  const said = faults.map(({ field, message }) => `${field}: ${message}`);
  const message = `${kind}.${group} "${name}" is invalid: ${said.length === 1 ? said[0] : `[${said.join(', ')}]`}`;
  throw new Refusal(422, 'Invalid', message, { name, group, kind, causes });
};

/** Names of objects are names of DNS. */
function nameFaults(name: string): readonly Fault[] {
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  const pattern = `${label}(\\.${label})*`;
  if (name.length <= 253 && new RegExp(`^${pattern}$`).test(name)) return [];
  const said =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with " +
    `an alphanumeric character (e.g. 'example.com', regex used for validation is '${pattern}')`;
  return [{ field: 'metadata.name', reason: 'Invalid', message: `Invalid value: ${JSON.stringify(name)}: ${said}` }];
}
