import * as z from 'zod';
import { cidr, net, netv4, netv6 } from '../kinds/network-field.ts';
import { definitionOf, type KindName, kindNames } from '../registry.ts';
import { lineage } from '../schema.ts';
import { described, describedKind } from './descriptions/index.ts';
import { wholeRulesOf } from './rules.ts';
import { changedAt, type Schema, structural } from './structural.ts';
import { type Traits, traitsOf } from './traits.ts';

/** Kinds that are Kubernetes' own objects, or made of them, when the datastore is Kubernetes. */
const notStored: readonly KindName[] = ['Node', 'Profile', 'WorkloadEndpoint'];

export const crdKinds: readonly KindName[] = kindNames.filter((kind) => !notStored.includes(kind));

const cidrSchemas: readonly unknown[] = [cidr, net, netv4, netv6];
/** API servers, too, know what a CIDR is; the longest is IPv6 written out. */
const CIDR = { format: 'cidr', maxLength: 43 } as const;

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition(kind: KindName): Schema {
  const { plural, namespaced, crd } = definitionOf(kind);
  const names = { kind: crd?.kind ?? kind, plural: crd?.plural ?? plural };
  const { columns, shortNames } = traitsOf(kind);
  const printed = columns?.map(([name, type, jsonPath]) => ({ name, type, jsonPath }));
  const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
  const text = { type: 'string' };
  const whole = wholeRulesOf(kind);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.crd.projectcalico.org` },
    spec: {
      group: 'crd.projectcalico.org',
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.kind.toLowerCase(),
        ...(shortNames && { shortNames }),
      },
      preserveUnknownFields: false,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          ...(printed && { additionalPrinterColumns: [...printed, age] }),
          schema: {
            openAPIV3Schema: {
              description: describedKind(kind),
              type: 'object',
              properties: {
                apiVersion: text,
                kind: text,
                metadata: { type: 'object' },
                spec: { description: 'What is wanted.', ...specOf(kind) },
                status: { description: 'What is so.', type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
              ...(whole.length > 0 && { 'x-kubernetes-validations': whole }),
            },
          },
        },
      ],
    },
  };
}

function specOf(kind: KindName): Schema {
  const generated = z.toJSONSchema(definitionOf(kind).spec, {
    io: 'input',
    unrepresentable: 'any',
    target: 'openapi-3.0',
    override: ({ zodSchema, jsonSchema }) => {
      if (lineage(zodSchema as unknown as z.ZodType).some((one) => cidrSchemas.includes(one)))
        Object.assign(jsonSchema, CIDR);
    },
  });
  const spec = structural(generated as Schema);
  // In the CRD an affinity's `deleted` is text.
  const own = kind === 'BlockAffinity' ? changedAt(spec, 'deleted', () => ({ type: 'string' })) : spec;
  return described(kind, withTraits(own, traitsOf(kind)));
}

function withTraits(spec: Schema, { required, defaults = {}, cidrs = [], sets = [], rules = [] }: Traits): Schema {
  let schema = required === undefined ? spec : { ...spec, required };
  for (const [place, value] of Object.entries(defaults)) {
    schema = changedAt(schema, place, (field) => ({ ...field, default: value }));
  }
  for (const place of cidrs) schema = changedAt(schema, place, (field) => ({ ...field, ...CIDR }));
  for (const place of sets) schema = changedAt(schema, place, asSet);
  for (const { at = '', rule, message } of rules) {
    schema = changedAt(schema, at, (found) => {
      const known = (found['x-kubernetes-validations'] as readonly object[] | undefined) ?? [];
      return { ...found, 'x-kubernetes-validations': [...known, { rule, message }] };
    });
  }
  return schema;
}

/** Each value at most once: with a bounded number of values the API server knows how long the array may be. */
function asSet(array: Schema): Schema {
  const item = array['items'] as Schema;
  const values = item['enum'] as readonly unknown[] | undefined;
  // Objects can be compared only as wholes.
  const items = item['type'] === 'object' ? { ...item, 'x-kubernetes-map-type': 'atomic' } : item;
  return { ...array, items, ...(values && { maxItems: values.length }), 'x-kubernetes-list-type': 'set' };
}
